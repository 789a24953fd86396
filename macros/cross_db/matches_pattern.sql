{#- Does the text hold a match of the regular expression, in any case? Null is no match. -#}
{% macro matches_pattern(expression, pattern) %}
    {{ return(adapter.dispatch("matches_pattern", "cdp")(expression, pattern)) }}
{% endmacro %}

{% macro default__matches_pattern(expression, pattern) %}
    {{ not_written("matches_pattern") }}
{% endmacro %}

{% macro spark__matches_pattern(expression, pattern) %}
    {{ return("coalesce(regexp_like(" ~ expression ~ ", " ~ sql_literal("(?i)" ~ pattern) ~ "), false)") }}
{% endmacro %}

{% macro duckdb__matches_pattern(expression, pattern) %}
    {{ return("coalesce(regexp_matches(" ~ expression ~ ", " ~ sql_literal(pattern) ~ ", 'i'), false)") }}
{% endmacro %}

{% macro snowflake__matches_pattern(expression, pattern) %}
    {{ return("coalesce(regexp_instr(" ~ expression ~ ", " ~ sql_literal(pattern) ~ ", 1, 1, 0, 'i') > 0, false)") }}
{% endmacro %}
