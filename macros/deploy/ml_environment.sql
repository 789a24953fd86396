{#- Hook before every model: tells Databricks what a Python model runs with. It adds to the
    model's own configuration what a macro alone knows, the path of this checkout's `ml`, and says
    `packages` (dbt_project.yml) the way that the submission method installs them. -#}
{% macro ml_environment() %}
    {% if execute and model.language == "python" %}
        {% do adapter.dispatch("ml_environment", "cdp")(model.config) %}
    {% endif %}
{% endmacro %}

{% macro default__ml_environment(config) %}{% endmacro %}

{% macro databricks__ml_environment(config) %}
    {% set ml = var("ml_package") or ml_folder() %}
    {% do config.setdefault("submission_method", "serverless_cluster") %}
    {% if config.submission_method == "serverless_cluster" %}
        {#- Its jobs take no libraries. -#}
        {% set dependencies = config.get("environment_dependencies") or [] %}
        {% set packages = ["mlflow-skinny"] %}
        {#- xgboost-cpu is the same release without 290 MB of CUDA. -#}
        {% for name in config.packages %}
            {% do packages.append("xgboost-cpu" if name == "xgboost" else name) %}
        {% endfor %}
        {% do config.setdefault("environment_key", "cdp") %}
        {% do config.update({"environment_dependencies": dependencies + packages + [ml], "packages": []}) %}
    {% else %}
        {#- By `%pip install` in the notebook, workers included. -#}
        {% do config.setdefault("create_notebook", true) %}
        {% do config.update({
            "packages": config.packages + ["mlflow-skinny", ml], "notebook_scoped_libraries": true
        }) %}
    {% endif %}
{% endmacro %}

{#- What the `ml` that trains has to be, where nothing has made sure of it. -#}
{% macro ml_asked_for() %}
    cast({{ adapter.dispatch("ml_asked_for", "cdp")() }} as {{ dbt.type_string() }})
{% endmacro %}

{% macro default__ml_asked_for() %} null {% endmacro %}

{% macro databricks__ml_asked_for() %}
    {{ "null" if var("ml_package") is none else "'" ~ ml_manifest().sha256 ~ "'" }}
{% endmacro %}
