{#- The [database, schema] pairs that this target builds into. -#}
{% macro built_schemas() %}
    {% set schemas = [] %}
    {% for node in graph.nodes.values() if node.resource_type in ["model", "seed", "snapshot"] %}
        {% set schema = [node.database, node.schema] %}
        {% if schema not in schemas %} {% do schemas.append(schema) %} {% endif %}
    {% endfor %}
    {{ return(schemas | sort) }}
{% endmacro %}

{#- What is read and not built here, as {path, kind}: events or Snowplow's modelled tables,
    and the tables that conversions are read from. -#}
{% macro tables_read() %}
    {% set paths = [] %}
    {% set is_read = {
        "atomic": var("atomic_table") is not none, "web_tables": var("web_tables") != "build",
    } %}
    {% for table in graph.sources.values() if is_read.get(table.source_name) %}
        {% do paths.append([table.database, table.schema, table.identifier]) %}
    {% endfor %}
    {% for conversion in conversions() if conversion.table %}
        {% set parts = conversion.table.split(".") %}
        {% do paths.append(
            [target.database, target.schema][: [3 - parts | length, 0] | max] + parts
        ) %}
    {% endfor %}
    {% set tables = [] %}
    {% for path in paths %}
        {% set relation = adapter.get_relation(database=path[0], schema=path[1], identifier=path[2]) %}
        {% do tables.append(
            {"path": path, "kind": "view" if relation and relation.is_view else "table"}
        ) %}
    {% endfor %}
    {{ return(tables) }}
{% endmacro %}

{#- The audiences as {schema, paths, has_own_schema}. -#}
{% macro audience_relations() %}
    {% set paths, schemas, others = [], [], [] %}
    {% for node in graph.nodes.values() if node.resource_type == "model" %}
        {% set schema = [node.database, node.schema] %}
        {% if "census" not in node.tags %}
            {% do others.append(schema) %}
        {% else %}
            {% do paths.append(schema + [node.alias]) %}
            {% if schema not in schemas %} {% do schemas.append(schema) %} {% endif %}
        {% endif %}
    {% endfor %}
    {% if schemas | length != 1 %}
        {{ exceptions.raise_compiler_error(
            "grant_census_reader: the models tagged `census` are in several schemas, and one is "
            ~ "granted: " ~ schemas | map("join", ".") | join(", ")
        ) }}
    {% endif %}
    {{ return({
        "schema": schemas[0], "paths": paths | sort, "has_own_schema": schemas[0] not in others,
    }) }}
{% endmacro %}

{#- Runs the statements, or shows them, each once. -#}
{% macro run_or_show(name, statements, execute) %}
    {% set once = statements | unique(case_sensitive=true) | list %}
    {% for statement in once %}
        {% if execute %} {% do run_query(statement) %} {% endif %}
        {{ log(statement ~ ";", info=true) }}
    {% endfor %}
    {{ log(
        "-- " ~ name ~ ": " ~ once | length ~ " statements "
        ~ ("were run." if execute else "to be run; `execute: true` among the arguments does it."),
        info=true,
    ) }}
    {{ return(once) }}
{% endmacro %}

{% macro raise_no_roles(name) %}
    {{ exceptions.raise_compiler_error(
        name ~ ": " ~ target.type ~ " has no roles to grant to; name another target."
    ) }}
{% endmacro %}
