{#- Databricks: the files of this checkout go to a Volume, into a folder named after their hash,
    and pip packs the wheel of them wherever a Python model runs (ml_environment.sql). Each
    content has its own path and version, as environments are kept by the names of what they
    install. What was deployed before stays, for runs that are under way. -#}
{% macro databricks__deploy_ml(repository, ref) %}
    {% if repository is not none %}
        {{ exceptions.raise_compiler_error(
            "deploy_ml: on Databricks a Git folder is named by var ml_package, "
            ~ "e.g. /Workspace/Users/me@example.com/cdp, and needs no deployment."
        ) }}
    {% endif %}
    {% set manifest = ml_manifest() %}
    {% set folder = ml_folder() %}
    {% set schema = ml_volume_schema() %}
    {#- asked for even where it is there, `create schema` may take a privilege of its own -#}
    {% if not adapter.check_schema_exists(target.database, target.schema) %}
        {% do run_query("create schema if not exists " ~ schema) %}
    {% endif %}
    {% do run_query("create volume if not exists " ~ schema ~ "." ~ adapter.quote(ml_volume_name())) %}
    {#- dbt works in the project's folder -#}
    {% for path, names in manifest.files.items() %}
        {% for name in names %}
            {% do put_into_volume(path ~ "/" ~ name, folder ~ "/" ~ path ~ "/" ~ name) %}
        {% endfor %}
    {% endfor %}
    {#- The last: the folder is complete once it is there. -#}
    {% do put_into_volume("macros/deploy/databricks.pyproject.toml", folder ~ "/pyproject.toml") %}
    {{ log("deploy_ml: ml " ~ manifest.sha256[:12] ~ " is in " ~ folder, info=true) }}
{% endmacro %}

{% macro databricks__deploy_ml_if_changed() %}
    {% if var("ml_package") is not none %} {{ return("") }} {% endif %}
    {% set wanted = ml_folder().split("/") | last %}
    {% set deployed = names_in_volume() %}
    {% if wanted in deployed and "pyproject.toml" in names_in_volume(wanted) %} {{ return("") }} {% endif %}
    {% if var("deploy_ml") == "auto" %}
        {% do deploy_ml() %}
    {% else %}
        {#- what is there in part is none -#}
        {% set deployed = deployed | reject("equalto", wanted) | list %}
        {{ exceptions.raise_compiler_error(
            ml_volume() ~ " holds " ~ ("ml " ~ deployed | join(", ") if deployed else "no ml")
            ~ ", and this project has " ~ wanted ~ ". Run `dbt run-operation deploy_ml`, "
            ~ "or set var deploy_ml to auto."
        ) }}
    {% endif %}
{% endmacro %}

{% macro put_into_volume(file, path) %}
    {% do run_query("put '" ~ file ~ "' into '" ~ path ~ "' overwrite") %}
{% endmacro %}

{#- What the Volume, or a folder in it, holds; nothing where there is no Volume. -#}
{% macro names_in_volume(folder="") %}
    {% set names = [] %}
    {% set volumes = run_query(
        "show volumes in " ~ ml_volume_schema() ~ " like '" ~ ml_volume_name() ~ "'"
    ) %}
    {% if ml_volume_name() in volumes.rows | map(attribute=1) | list %}
        {% for row in run_query("list '" ~ ml_volume() ~ "/" ~ folder ~ "'").rows %}
            {% do names.append(row["path"].rstrip("/").split("/") | last) %}
        {% endfor %}
    {% endif %}
    {{ return(names | sort) }}
{% endmacro %}

{% macro ml_volume_name() %} {{ return("cdp_code") }} {% endmacro %}

{% macro ml_volume_schema() %}
    {{ return(adapter.quote(target.database) ~ "." ~ adapter.quote(target.schema)) }}
{% endmacro %}

{#- Paths of Volumes are in lower case, whatever the names of catalog and schema. -#}
{% macro ml_volume() %}
    {% set parts = [target.database, target.schema, ml_volume_name()] %}
    {{ return("/Volumes/" ~ parts | join("/") | lower) }}
{% endmacro %}

{% macro ml_folder() %} {{ return(ml_volume() ~ "/" ~ ml_manifest().sha256[:12]) }} {% endmacro %}
