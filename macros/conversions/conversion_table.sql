{#- The relation that a conversion's `table` names, and its columns, {lower-case name: {name,
    type}} as in atomic_events(): [database.]schema.table; on DuckDB a file, too. -#}
{% macro conversion_table(conversion) %}
    {{ return(adapter.dispatch("conversion_table", "cdp")(conversion)) }}
{% endmacro %}

{% macro default__conversion_table(conversion) %}
    {% set parts = conversion.table.split(".") %}
    {% set relation = adapter.get_relation(
        database=parts[-3] if parts | length > 2 else target.database,
        schema=parts[-2] if parts | length > 1 else target.schema,
        identifier=parts[-1],
    ) %}
    {% if relation is none %} {{ no_conversion_table(conversion, "[database.]schema.table") }} {% endif %}
    {{ return({"relation": relation, "columns": relation_columns(relation)}) }}
{% endmacro %}

{% macro duckdb__conversion_table(conversion) %}
    {% set is_file = modules.re.search(
        "[.](parquet|csv|tsv|ndjson|jsonl|json|txt)([.]gz|[.]zst)?$|[.]gz$|/", conversion.table | lower
    ) %}
    {% if not is_file %} {{ return(default__conversion_table(conversion)) }} {% endif %}
    {% set files = data_files(conversion.table) %}
    {% if not files %}
        {{ no_conversion_table(conversion, "a file that exists, or [database.]schema.table") }}
    {% endif %}
    {% set wanted = [conversion[conversion_user_key(conversion)], conversion.tstamp_column] %}
    {% for key in ["known_tstamp_column", "id_column"] if key in conversion %}
        {% do wanted.append(conversion[key]) %}
    {% endfor %}
    {{ return(read_files(
        files, "conversion " ~ conversion.name ~ ", table " ~ conversion.table, wanted
    )) }}
{% endmacro %}

{% macro no_conversion_table(conversion, accepted) %}
    {{ definition_error(
        "conversion " ~ conversion.name, "table", conversion.table, accepted ~ "; it is not there"
    ) }}
{% endmacro %}
