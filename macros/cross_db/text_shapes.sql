{#- Is the whole text of this shape? Patterns keep to what every engine's expressions know: no
    groups that are not captured, no look-around. -#}
{% macro matches_whole_text(text, pattern) %}
    {{ return(adapter.dispatch("matches_whole_text", "cdp")(text, sql_literal("^(" ~ pattern ~ ")$"))) }}
{% endmacro %}

{% macro default__matches_whole_text(text, pattern) %} {{ not_written("matches_whole_text") }} {% endmacro %}

{% macro duckdb__matches_whole_text(text, pattern) %}
    {{ return("regexp_matches(" ~ text ~ ", " ~ pattern ~ ")") }}
{% endmacro %}

{% macro snowflake__matches_whole_text(text, pattern) %}
    {{ return("regexp_like(" ~ text ~ ", " ~ pattern ~ ")") }}
{% endmacro %}

{% macro spark__matches_whole_text(text, pattern) %}
    {{ return("regexp_like(" ~ text ~ ", " ~ pattern ~ ")") }}
{% endmacro %}

{#- The first part of the text that is of this shape, or no text. -#}
{% macro first_matching_part(text, pattern) %}
    {{ return(adapter.dispatch("first_matching_part", "cdp")(text, sql_literal(pattern))) }}
{% endmacro %}

{% macro default__first_matching_part(text, pattern) %} {{ not_written("first_matching_part") }} {% endmacro %}

{% macro duckdb__first_matching_part(text, pattern) %}
    {{ return("regexp_extract(" ~ text ~ ", " ~ pattern ~ ")") }}
{% endmacro %}

{% macro snowflake__first_matching_part(text, pattern) %}
    {{ return("coalesce(regexp_substr(" ~ text ~ ", " ~ pattern ~ "), '')") }}
{% endmacro %}

{% macro spark__first_matching_part(text, pattern) %}
    {{ return("regexp_extract(" ~ text ~ ", " ~ pattern ~ ", 0)") }}
{% endmacro %}

{#- A text such as 2024-03-01 10:00:00.123456 as a timestamp; null where there is no such day. -#}
{% macro try_timestamp(text) %}
    {{ return(adapter.dispatch("try_timestamp", "cdp")(text)) }}
{% endmacro %}

{% macro default__try_timestamp(text) %} {{ not_written("try_timestamp") }} {% endmacro %}

{% macro duckdb__try_timestamp(text) %} {{ return("try_cast(" ~ text ~ " as timestamp)") }} {% endmacro %}

{#- TRY_CAST takes no precision. -#}
{% macro snowflake__try_timestamp(text) %}
    {{ return("cast(try_cast(" ~ text ~ " as timestamp_ntz) as timestamp_ntz(6))") }}
{% endmacro %}

{% macro spark__try_timestamp(text) %}
    {{ return("try_cast(" ~ text ~ " as timestamp_ntz)") }}
{% endmacro %}

{#- Where an engine reads a usual time with an offset by itself, ten times as fast. -#}
{% macro native_offset_case(text, usual) %}
    {{ return(adapter.dispatch("native_offset_case", "cdp")(text, usual)) }}
{% endmacro %}

{% macro default__native_offset_case(text, usual) %} {{ return("") }} {% endmacro %}

{% macro duckdb__native_offset_case(text, usual) %}
    {% set sql %}
        when {{ matches_whole_text(text, usual ~ " ?[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?") }}
            then timezone('UTC', try_cast(
                regexp_replace({{ text }}, ' ([+-][0-9:]+)$', '\1') as timestamptz
            ))
    {%- endset %}
    {{ return("\n" ~ sql) }}
{% endmacro %}
