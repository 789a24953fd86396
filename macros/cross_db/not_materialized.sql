{#- Goes between `as` and the parenthesis of a CTE that several others read: DuckDB would keep a
    copy of it with all its columns; reading the table again costs less time and memory. Other
    engines decide by themselves. -#}
{% macro not_materialized() %} {{ return(adapter.dispatch("not_materialized", "cdp")()) }} {% endmacro %}

{% macro default__not_materialized() %} {{ return("") }} {% endmacro %}

{% macro duckdb__not_materialized() %} {{ return("not materialized") }} {% endmacro %}
