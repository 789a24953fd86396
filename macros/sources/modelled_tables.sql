{#- A web table that is modelled already, as {relation, columns, origin}: Snowplow's own
    (var web_tables), or files (CDP_WEB). None where it is built here from events.
    `kind` is page_views, sessions, users or user_mapping. -#}
{% macro modelled_table(kind) %}
    {% if var("web_tables") == "build" %}
        {{ return(web_file_table(kind) if execute else none) }}
    {% endif %}
    {% set relation = source("web_tables", kind) %}
    {% if not execute %}
        {{ return({"relation": relation, "columns": {}, "origin": relation | string}) }}
    {% endif %}
    {% set found = adapter.get_relation(
        relation.database, relation.schema, relation.identifier
    ) %}
    {% if found is none and kind == "user_mapping" %} {{ return(none) }} {% endif %}
    {% if found is none %}
        {{ exceptions.raise_compiler_error(
            "var web_tables is " ~ var("web_tables") ~ ", but there is no table " ~ relation
            ~ ". Say where Snowplow's tables are in the vars web_tables_database and "
            ~ "web_tables_schema, or build them here: web_tables: build."
        ) }}
    {% endif %}
    {{ return({
        "relation": found, "columns": relation_columns(found), "origin": found | string,
    }) }}
{% endmacro %}

{#- The column of a modelled table under the name it has there, typed; null where it has
    none. The unified package has names of its own. -#}
{% macro modelled_column(table, name, type, unified_name=none) %}
    {{ return(typed_column(
        table.columns.get(unified_name or name, table.columns.get(name)), type
    )) }}
{% endmacro %}

{#- When modelled sessions ended, and whose they were. -#}
{% macro session_ends(sessions) %}
        select
            {{ modelled_column(sessions, "end_tstamp", "timestamp") }} as end_tstamp,
            {{ modelled_column(sessions, "domain_userid", "text", "user_identifier") }}
                as domain_userid
        from {{ sessions.relation }}
{%- endmacro %}

{#- Columns that a row of a modelled table has to have. A session or page view is kept without
    its visitor. -#}
{% macro web_key_columns(columns) %}
    {% set keys = [] %}
    {% for name, column in columns.items() if column.required %}
        {% if name != "domain_userid" or "domain_sessionid" not in columns %} {% do keys.append(name) %} {% endif %}
    {% endfor %}
    {{ return(keys) }}
{% endmacro %}

{#- Rows of a modelled table with the columns of the web table it stands for. Those that
    lack a key, or were not known at var as_of, are left out. -#}
{% macro modelled_rows(table) %}
    {% set columns = web_columns() %}
    {% set list = [] %}
    {% set keys = [] %}
    {% for name in web_key_columns(columns) %} {% do keys.append(name ~ " is not null") %} {% endfor %}
    {% for name, column in columns.items() %}
        {% set value = modelled_column(table, name, column.type, column.unified_name) %}
        {% do list.append(
            (known_id(value, name) if name in identifier_columns() else value) ~ " as " ~ name
        ) %}
    {% endfor %}
    {#- a visitor is known from the start, a visit once it is over -#}
    {% set known = "start_tstamp" if "sessions" in columns else "end_tstamp" %}
    {% if var("as_of") and known in columns %}
        {% do keys.append("coalesce(" ~ known ~ " < " ~ as_of_literal() ~ ", true)") %}
    {% endif %}
    {% if var("as_of") and "page_view_id" in columns %}
        {% do keys.append("start_tstamp < " ~ as_of_literal()) %}
    {% endif %}
    select * from (
        select
            {{ list | join(",\n            ") }}
        from {{ table.relation }}
    ) as modelled
    where
        {{ keys | join("\n        and ") }}
{% endmacro %}

{#- Looks at modelled tables before anything is built: are they there, with their keys? -#}
{% macro check_web_tables() %}
    {% if not execute or flags.WHICH not in ["build", "run"]
        or "model.cdp.stg_snowplow__sessions" not in selected_resources %}
        {{ return("") }}
    {% endif %}
    {% for kind in ["page_views", "sessions", "users"] %}
        {% set table = modelled_table(kind) %}
        {% set missing = [] %}
        {% for name, column in graph.nodes["model.cdp.stg_snowplow__" ~ kind].columns.items()
            if table and column.config.meta.required %}
            {% set names = [name, column.config.meta.unified_name or name] | unique | list %}
            {% if not names | select("in", table.columns) | list %}
                {% do missing.append(names | join(" (or ") ~ (")" if names | length > 1 else "")) %}
            {% endif %}
        {% endfor %}
        {% if missing %}
            {{ exceptions.raise_compiler_error(
                "The " ~ kind ~ " at " ~ table.origin ~ " lack required columns: "
                ~ missing | join(", ") ~ ". " ~ columns_found(table, wanted_web_columns(kind))
                ~ " Add them to the export."
            ) }}
        {% endif %}
    {% endfor %}
    {{ return("") }}
{% endmacro %}
