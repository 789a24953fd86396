{#- The text as a number; null if it is none. The pattern makes engines agree: one reads
    `10d`, another `1_000`, all of them `NaN` and `Infinity`. -#}
{% macro text_number(text) %}
    {% set sql -%}
    case
        when {{ matches_pattern("trim(" ~ text ~ ")", number_pattern()) }}
            then {{ finite_number("try_cast(trim(" ~ text ~ ") as double)") }}
    end
    {%- endset %}
    {{ return(sql) }}
{% endmacro %}

{% macro number_pattern() %}
    {{ return("^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)(e[+-]?[0-9]+)?$") }}
{% endmacro %}

{#- A number that can be added up: null beyond nine trillion (9e12), where whole millionths
    would leave 64 bits. -#}
{% macro summable_number(number) %}
    {{ return("case when abs(" ~ number ~ ") <= 9e12 then " ~ number ~ " end") }}
{% endmacro %}

{#- A number in whole millionths: running totals of floats would drift apart. The type holds
    the sum of any number of them; on Spark, where a sum of bigint is a bigint, it is wider. -#}
{% macro millionths(number) %}
    {{ return(adapter.dispatch("millionths", "cdp")(number)) }}
{% endmacro %}

{% macro default__millionths(number) %} {{ not_written("millionths") }} {% endmacro %}

{% macro duckdb__millionths(number) %}
    {{ return("cast(round(" ~ number ~ " * 1000000) as bigint)") }}
{% endmacro %}

{% macro snowflake__millionths(number) %}
    {{ return("cast(round(" ~ number ~ " * 1000000) as number(38, 0))") }}
{% endmacro %}

{% macro spark__millionths(number) %}
    {{ return("cast(cast(round(" ~ number ~ " * 1000000) as bigint) as decimal(38, 0))") }}
{% endmacro %}
