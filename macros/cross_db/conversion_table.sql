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
    {% set columns = {} %}
    {% for column in adapter.get_columns_in_relation(relation) %}
        {% do columns.update({
            column.name | lower: {"name": adapter.quote(column.name), "type": column.dtype | lower},
        }) %}
    {% endfor %}
    {{ return({"relation": relation, "columns": columns}) }}
{% endmacro %}

{% macro duckdb__conversion_table(conversion) %}
    {% set readers = {"parquet": "read_parquet", "csv": "read_csv", "tsv": "read_csv",
        "json": "read_json", "ndjson": "read_json", "jsonl": "read_json"} %}
    {% set ending = modules.re.sub("[.](gz|zst)$", "", conversion.table | lower).split(".")[-1] %}
    {% if ending not in readers %} {{ return(default__conversion_table(conversion)) }} {% endif %}
    {% set path = sql_literal(conversion.table) %}
    {% if run_query("select 1 as one from glob(" ~ path ~ ") limit 1").rows | length == 0 %}
        {{ no_conversion_table(conversion, "a file that exists, or [database.]schema.table") }}
    {% endif %}
    {% set reader = readers[ending] ~ "(" ~ path ~ ")" %}
    {% if ending in ["csv", "tsv"] %}
        {% set reader = csv_reader(path, conversion) %}
    {% endif %}
    {% set columns = {} %}
    {% for row in run_query("describe select * from " ~ reader).rows %}
        {% do columns.update({
            row[0] | lower: {"name": adapter.quote(row[0]), "type": row[1] | lower},
        }) %}
    {% endfor %}
    {{ return({"relation": reader, "columns": columns}) }}
{% endmacro %}

{#- Types are guessed, but an identifier stays as it is written: 007 is no number. -#}
{% macro csv_reader(path, conversion) %}
    {% set user = conversion_user_column(conversion) | lower %}
    {% set types = [] %}
    {% for row in run_query("describe select * from read_csv(" ~ path ~ ")").rows if row[0] | lower == user %}
        {% do types.append(", types = {" ~ sql_literal(row[0]) ~ ": 'varchar'}") %}
    {% endfor %}
    {{ return("read_csv(" ~ path ~ ", header = true" ~ types | join ~ ")") }}
{% endmacro %}

{% macro no_conversion_table(conversion, accepted) %}
    {{ definition_error(
        "conversion " ~ conversion.name, "table", conversion.table, accepted ~ "; it is not there"
    ) }}
{% endmacro %}
