{#- DuckDB runs an ASOF join as a nested loop where it expects few rows, and it expects few
    of a visitor who is alone or heavy: 20,000 events took 20 s instead of 0.3 s. -#}
{% macro prefer_sorted_asof_joins() %}
    {% if execute %}
        {% do run_query("set global asof_loop_join_threshold = 0") %}
    {% endif %}
{% endmacro %}
