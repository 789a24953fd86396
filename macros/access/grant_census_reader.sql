{#- The least that Census's role needs: to read the audience views, and nothing else of the
    project. Shown as SQL; `execute: true` runs it, as the profile's role.

    dbt run-operation grant_census_reader --args '{role: CENSUS_ROLE, warehouse: CENSUS_WH}'

    bookkeeping: census.census, where Census keeps what it synced last; false: its basic sync
        engine, which only reads.
    managed_location: where the catalog `census` keeps its tables, e.g. s3://bucket/census, where
        the metastore has no storage of its own (Databricks). -#}
{% macro grant_census_reader(
    role, warehouse=none, bookkeeping=true, managed_location=none, execute=false
) %}
    {% set audiences = audience_relations() %}
    {% if not audiences.has_own_schema %}
        {{ log(
            "grant_census_reader: the audiences share their schema with other tables, so that "
            ~ "`select` is granted view by view, and on no future one: name the role in var "
            ~ "audience_readers, so that dbt grants again what it replaces. Var audience_schema "
            ~ "gives them a schema of their own.", info=true
        ) }}
    {% endif %}
    {% set statements = adapter.dispatch("grant_census_reader", "cdp")(
        role, warehouse or target.get("warehouse"), bookkeeping, managed_location, audiences
    ) %}
    {{ return(run_or_show("grant_census_reader", statements, execute)) }}
{% endmacro %}

{% macro default__grant_census_reader(role, warehouse, bookkeeping, managed_location, audiences) %}
    {{ raise_no_roles("grant_census_reader") }}
{% endmacro %}

{% macro snowflake__grant_census_reader(role, warehouse, bookkeeping, managed_location, audiences) %}
    {% set to = " to role " ~ quoted_name(role) %}
    {% set schema = quoted_path(audiences.schema) %}
    {% set statements = [
        "create role if not exists " ~ quoted_name(role),
        "grant usage on warehouse " ~ quoted_name(warehouse) ~ to,
        "grant usage on database " ~ quoted_name(audiences.schema[0]) ~ to,
        "grant usage on schema " ~ schema ~ to,
    ] %}
    {% if audiences.has_own_schema %}
        {% for objects in ["all views", "future views", "all tables", "future tables"] %}
            {% do statements.append("grant select on " ~ objects ~ " in schema " ~ schema ~ to) %}
        {% endfor %}
    {% else %}
        {% for path in audiences.paths %}
            {% do statements.append("grant select on view " ~ quoted_path(path) ~ to) %}
        {% endfor %}
    {% endif %}
    {% if bookkeeping %}
        {% do statements.extend([
            "create database if not exists census",
            "create schema if not exists census.census",
            "grant all privileges on database census" ~ to,
            "grant all privileges on schema census.census" ~ to,
        ]) %}
    {% endif %}
    {{ return(statements) }}
{% endmacro %}

{#- What is granted on a schema holds for all that is in it, now and later. -#}
{% macro databricks__grant_census_reader(role, warehouse, bookkeeping, managed_location, audiences) %}
    {% set to = " to " ~ quoted_name(role) %}
    {% set schema = quoted_path(audiences.schema) %}
    {% set statements = [] %}
    {#- The one that an account may refuse comes first, before anything is granted. -#}
    {% if bookkeeping %}
        {% set where = " managed location " ~ sql_literal(managed_location) if managed_location else "" %}
        {% do statements.append("create catalog if not exists `census`" ~ where) %}
    {% endif %}
    {% do statements.extend([
        "grant use catalog on catalog " ~ quoted_name(audiences.schema[0]) ~ to,
        "grant use schema on schema " ~ schema ~ to,
    ]) %}
    {% if audiences.has_own_schema %}
        {% do statements.append("grant select on schema " ~ schema ~ to) %}
    {% else %}
        {% for path in audiences.paths %}
            {% do statements.append("grant select on table " ~ quoted_path(path) ~ to) %}
        {% endfor %}
    {% endif %}
    {% if bookkeeping %}
        {% do statements.extend([
            "create schema if not exists `census`.`census`",
            "grant use catalog on catalog `census`" ~ to,
            "grant all privileges on schema `census`.`census`" ~ to,
        ]) %}
    {% endif %}
    {{ return(statements) }}
{% endmacro %}
