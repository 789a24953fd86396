{#- The least that the role which runs `dbt build` needs; it owns what it makes, and asks for
    nothing else. Shown as SQL; `execute: true` runs it, as the profile's role.

    dbt run-operation grant_runner --args '{role: CDP_RUNNER, warehouse: CDP_WH}'

    create_schemas: for development and CI, whose schemas come and go: the role may create
        them, instead of being given those that this target builds into.
    repository: of deploy_ml, where `ml` comes out of a Git repository object (Snowflake). -#}
{% macro grant_runner(role, warehouse=none, create_schemas=false, repository=none, execute=false) %}
    {% set statements = adapter.dispatch("grant_runner", "cdp")(
        role, warehouse or target.get("warehouse"), create_schemas, repository
    ) %}
    {{ return(run_or_show("grant_runner", statements, execute)) }}
{% endmacro %}

{% macro default__grant_runner(role, warehouse, create_schemas, repository) %}
    {{ raise_no_roles("grant_runner") }}
{% endmacro %}

{% macro snowflake__grant_runner(role, warehouse, create_schemas, repository) %}
    {% set to = " to role " ~ quoted_name(role) %}
    {% set statements = ["create role if not exists " ~ quoted_name(role)] %}
    {% do statements.append("grant usage on warehouse " ~ quoted_name(warehouse) ~ to) %}
    {% for schema in built_schemas() %}
        {% set database = "database " ~ quoted_name(schema[0]) %}
        {% do statements.append("grant usage on " ~ database ~ to) %}
        {% if create_schemas %}
            {% do statements.append("grant create schema on " ~ database ~ to) %}
        {% else %}
            {#- procedures are anonymous and tables of a session temporary: neither needs more -#}
            {% do statements.extend([
                "create schema if not exists " ~ quoted_path(schema),
                "grant usage, create table, create view, create stage on schema "
                ~ quoted_path(schema) ~ to,
            ]) %}
        {% endif %}
    {% endfor %}
    {% for table in tables_read() %}
        {% do statements.extend([
            "grant usage on database " ~ quoted_name(table.path[0]) ~ to,
            "grant usage on schema " ~ quoted_path(table.path[:2]) ~ to,
            "grant select on " ~ table.kind ~ " " ~ quoted_path(table.path) ~ to,
        ]) %}
    {% endfor %}
    {% if repository %}
        {% set path = repository.split(".") %}
        {% do statements.extend([
            "grant usage on database " ~ quoted_name(path[0]) ~ to,
            "grant usage on schema " ~ quoted_path(path[:2]) ~ to,
            "grant read on git repository " ~ quoted_path(path) ~ to,
        ]) %}
    {% endif %}
    {{ return(statements) }}
{% endmacro %}

{% macro databricks__grant_runner(role, warehouse, create_schemas, repository) %}
    {% set to = " to " ~ quoted_name(role) %}
    {% set statements = [] %}
    {% for schema in built_schemas() %}
        {% set catalog = "catalog " ~ quoted_name(schema[0]) %}
        {% do statements.append("grant use catalog on " ~ catalog ~ to) %}
        {% if create_schemas %}
            {% do statements.append("grant create schema on " ~ catalog ~ to) %}
        {% else %}
            {#- `create table` covers views; volume: `ml`, which somebody else may have deployed;
                model: the registered ones -#}
            {% do statements.extend([
                "create schema if not exists " ~ quoted_path(schema),
                "grant use schema, create table, create volume, read volume, write volume, "
                ~ "create model on schema " ~ quoted_path(schema) ~ to,
            ]) %}
        {% endif %}
    {% endfor %}
    {% for table in tables_read() %}
        {% do statements.extend([
            "grant use catalog on catalog " ~ quoted_name(table.path[0]) ~ to,
            "grant use schema on schema " ~ quoted_path(table.path[:2]) ~ to,
            "grant select on table " ~ quoted_path(table.path) ~ to,
        ]) %}
    {% endfor %}
    {{ return(statements) }}
{% endmacro %}
