{#- Goes between `as` and the parenthesis of a CTE of many columns that is read more than
    once: DuckDB would hold it whole in memory; so it reads what each reader asks for. -#}
{% macro inlined() %} {{ return(adapter.dispatch("inlined", "cdp")()) }} {% endmacro %}

{% macro default__inlined() %} {{ return("") }} {% endmacro %}

{% macro duckdb__inlined() %} {{ return("not materialized") }} {% endmacro %}
