{#- A source column as text, timestamp (UTC, without zone), integer, float or boolean: one meaning
    on every engine. A null marker (var null_markers) is null, and so is a value that cannot be
    read as the type, which rpt_event_intake counts (unread_condition). -#}
{% macro typed_column(column, type) %}
    {% if column is none %} {{ return("cast(null as " ~ column_type(type) ~ ")") }} {% endif %}
    {% set kind = source_kind(column) %}
    {% if type == "text" %}
        {{ return(known_text_of_column(column) if kind == "text"
            else "cast(" ~ column.name ~ " as " ~ column_type("text") ~ ")") }}
    {% elif kind == "text" %}
        {{ return(text_as_type(type, source_text(column))) }}
    {% elif type == "timestamp" and kind == "timestamp" %}
        {{ return(adapter.dispatch("utc_column", "cdp")(column)) }}
    {% elif kind in ["integer", "float"] %}
        {{ return(number_as_type(type, column.name, kind)) }}
    {% elif type == kind %}
        {{ return("cast(" ~ column.name ~ " as " ~ column_type(type) ~ ")") }}
    {% endif %}
    {#- a date for a number, a boolean for a time: never read -#}
    {{ return("cast(null as " ~ column_type(type) ~ ")") }}
{% endmacro %}

{#- Is there a value which could not be read? None where every value of the column can be. -#}
{% macro unread_condition(column, type) %}
    {% if not can_be_unread(column, type) %} {{ return(none) }} {% endif %}
    {{ return(value_is_there(column) ~ " and (" ~ typed_column(column, type) ~ ") is null") }}
{% endmacro %}

{% macro can_be_unread(column, type) %}
    {% set kind = source_kind(column) if column is not none %}
    {{ return(
        column is not none and type != "text" and type != kind
        or kind == "float" and type == "float"
    ) }}
{% endmacro %}

{% macro value_is_there(column) %}
    {{ return(
        (known_text_of_column(column) if source_kind(column) == "text" else column.name) ~ " is not null"
    ) }}
{% endmacro %}

{#- What a column of the source holds: text, timestamp, integer, float, boolean or other. JSON
    and VARIANT count as the text in them. -#}
{% macro source_kind(column) %}
    {% set patterns = {
        "other": "(struct|map|array|list|union|object|binary|blob|bytea|time$|time |interval).*|.*\\]",
        "timestamp": "(timestamp|date).*",
        "integer": "u?(tiny|small|big|huge)?int(eger)?|(number|decimal|numeric)\\([0-9]+, *0\\)|byte|short|long|byteint",
        "float": "(double|float|real|number|decimal|numeric|dec).*",
        "boolean": "bool(ean)?",
    } %}
    {% for kind, pattern in patterns.items() %}
        {% if modules.re.fullmatch(pattern, column.type) %} {{ return(kind) }} {% endif %}
    {% endfor %}
    {{ return("text") }}
{% endmacro %}

{#- The text of a column that holds text, as it is written. -#}
{% macro source_text(column) %}
    {% if column.type == "json" %}
        {{ return("json_extract_string(" ~ column.name ~ ", '$')") }}
    {% elif column.type.startswith(("varchar", "text", "string", "char")) %}
        {{ return(column.name) }}
    {% endif %}
    {{ return("cast(" ~ column.name ~ " as " ~ column_type("text") ~ ")") }}
{% endmacro %}

{#- The same; null where it says that there is no value. -#}
{% macro known_text_of_column(column) %} {{ return(known_text(source_text(column))) }} {% endmacro %}

{% macro known_text(text) %}
    {{ return(
        "case when " ~ text ~ " not in (" ~ text_literals(null_markers()) ~ ") then "
        ~ text ~ " end"
    ) }}
{% endmacro %}

{% macro null_markers() %} {{ return((var("null_markers") + [""]) | unique(true) | list) }} {% endmacro %}

{#- A text as a number, boolean or timestamp; null where it is written as none. -#}
{% macro text_as_type(type, written) %}
    {% if type == "timestamp" %} {{ return(time_of_text(written)) }} {% endif %}
    {% set text = "trim(" ~ written ~ ")" %}
    {% set whole = matches_whole_text(text, "[+-]?[0-9]+([.]0*)?") %}
    {% set number = matches_whole_text(text, "[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]+)?") %}
    {% set yes = ["true", "t", "yes", "y", "1"] %}
    {% set no = ["false", "f", "no", "n", "0"] %}
    {% set sql %}
    {%- if type == "integer" -%}
        case when {{ whole }}
            then try_cast(split_part({{ text }}, '.', 1) as {{ column_type(type) }}) end
    {%- elif type == "float" -%}
        case when {{ number }}
            then {{ finite_number("try_cast(" ~ text ~ " as double)") }} end
    {%- else -%}
        case when lower({{ text }}) in ({{ text_literals(yes) }}) then true
            when lower({{ text }}) in ({{ text_literals(no) }}) then false end
    {%- endif -%}
    {% endset %}
    {{ return(sql) }}
{% endmacro %}

{#- A number as another type: epochs as times, whole numbers as integers, 1 and 0 as booleans. -#}
{% macro number_as_type(type, name, kind) %}
    {% set whole = name ~ " = floor(" ~ name ~ ") and abs(" ~ name ~ ") < 9e18" %}
    {% set sql %}
    {%- if type == "timestamp" -%} {{ time_of_number("cast(" ~ name ~ " as double)") }}
    {%- elif type == "integer" -%}
        case when {{ whole }} then cast({{ name }} as {{ column_type(type) }}) end
    {%- elif type == "boolean" -%} case {{ name }} when 1 then true when 0 then false end
    {%- elif kind == "float" -%} {{ finite_number("cast(" ~ name ~ " as double)") }}
    {%- else -%} cast({{ name }} as double)
    {%- endif -%}
    {% endset %}
    {{ return(sql) }}
{% endmacro %}

{#- Null for NaN, which each engine sorts above all numbers, and for infinity. DuckDB takes a
    comparison with the largest number for true of a Parquet column by its statistics, which
    leave NaN out. -#}
{% macro finite_number(number) %} {{ return(adapter.dispatch("finite_number", "cdp")(number)) }} {% endmacro %}

{% macro default__finite_number(number) %} {{ not_written("finite_number") }} {% endmacro %}

{% macro duckdb__finite_number(number) %}
    {{ return("case when isfinite(" ~ number ~ ") then " ~ number ~ " end") }}
{% endmacro %}

{% macro snowflake__finite_number(number) %}
    {{ return("case when abs(" ~ number ~ ") <= 1.7976931348623157e308 then " ~ number ~ " end") }}
{% endmacro %}

{% macro spark__finite_number(number) %} {{ return(snowflake__finite_number(number)) }} {% endmacro %}
