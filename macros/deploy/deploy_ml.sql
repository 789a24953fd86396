{#- Puts `ml` where Python models import it; dbt is all it takes:

        dbt run-operation deploy_ml
        dbt run-operation deploy_ml --args '{repository: db.schema.repo, ref: branches/main}'

    Snowflake: the files of this checkout go to a stage, and a procedure packs them into
    `ml.zip` there. The second takes them from a Git repository object instead, for dbt Cloud,
    where nothing can be uploaded. Databricks: databricks_deploy_ml.sql. Nothing needs to be
    deployed on DuckDB. -#}
{% macro deploy_ml(repository=none, ref="branches/main") %}
    {{ return(adapter.dispatch("deploy_ml", "cdp")(repository, ref)) }}
{% endmacro %}

{% macro default__deploy_ml(repository, ref) %}
    {{ log("deploy_ml: Python models run in dbt's own environment here; nothing to do.", info=true) }}
{% endmacro %}

{% macro snowflake__deploy_ml(repository, ref) %}
    {% set stage = ml_stage() %}
    {% set manifest = ml_manifest() %}
    {#- asked for even where it is there, `create schema` takes a privilege of its own -#}
    {% if not adapter.check_schema_exists(target.database, target.schema) %}
        {% do run_query("create schema " ~ target.database ~ "." ~ target.schema) %}
    {% endif %}
    {% do run_query("create stage if not exists " ~ stage) %}
    {% do run_query("remove @" ~ stage ~ "/src") %}
    {#- dbt works in the project's folder -#}
    {% for folder, names in manifest.files.items() %}
        {% set to = "@" ~ stage ~ "/src/" ~ folder | replace("/", ".") ~ "/" %}
        {% if repository is none %}
            {% do run_query(
                "put 'file://./" ~ folder ~ "/*.py' " ~ to
                ~ " auto_compress = false overwrite = true"
            ) %}
        {% else %}
            {% do run_query(
                "copy files into " ~ to ~ " from @" ~ repository ~ "/" ~ ref ~ "/" ~ folder
                ~ "/ files = ('" ~ names | join("', '") ~ "')"
            ) %}
        {% endif %}
    {% endfor %}
    {% do run_query(pack_ml_statement(stage, manifest)) %}
    {{ log("deploy_ml: ml " ~ manifest.sha256[:12] ~ " is on @" ~ stage, info=true) }}
{% endmacro %}

{#- On run start: deploys `ml` if it changed and a Python model is going to run. With the var
    `deploy_ml: check` nothing is deployed, and a stage that holds another `ml` is an error. -#}
{% macro deploy_ml_if_changed() %}
    {% if not execute or flags.WHICH not in ["build", "run"] %} {{ return("") }} {% endif %}
    {% set python_models = [] %}
    {% for name in selected_resources if graph.nodes.get(name, {}).get("language") == "python" %}
        {% do python_models.append(name) %}
    {% endfor %}
    {% if python_models %} {% do adapter.dispatch("deploy_ml_if_changed", "cdp")() %} {% endif %}
    {{ return("") }}
{% endmacro %}

{% macro default__deploy_ml_if_changed() %}{% endmacro %}

{% macro snowflake__deploy_ml_if_changed() %}
    {% set stage = ml_stage() %}
    {% set wanted = ml_manifest().sha256 %}
    {% set deployed = [] %}
    {% set stages = run_query(
        "show stages like '" ~ ml_stage_name() ~ "' in schema " ~ target.database ~ "." ~ target.schema
    ) %}
    {% if stages.rows | length %}
        {% for row in run_query("list @" ~ stage).rows if row[0].endswith(".sha256") %}
            {% do deployed.append(row[0].split("/")[-1].split(".")[0]) %}
        {% endfor %}
    {% endif %}
    {% if deployed == [wanted] %} {{ return("") }} {% endif %}
    {% if var("deploy_ml") == "auto" %}
        {% do deploy_ml() %}
    {% else %}
        {{ exceptions.raise_compiler_error(
            "@" ~ stage ~ " holds " ~ ("ml " ~ deployed[0][:12] if deployed else "no ml")
            ~ ", and this project has " ~ wanted[:12] ~ ". Run `dbt run-operation deploy_ml`, "
            ~ "or set var deploy_ml to auto."
        ) }}
    {% endif %}
{% endmacro %}

{% macro ml_stage_name() %} {{ return("CDP_CODE") }} {% endmacro %}

{% macro ml_stage() %}
    {{ return([target.database, target.schema, ml_stage_name()] | join(".")) }}
{% endmacro %}
