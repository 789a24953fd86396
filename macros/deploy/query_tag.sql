{#- Snowflake's query history says of each statement which model it was run for: dbt calls
    these two around every materialization there. -#}
{% macro set_query_tag() %}
    {% set before = get_current_query_tag() %}
    {% do run_query("alter session set query_tag = '" ~ model.package_name ~ "." ~ model.name ~ "'") %}
    {{ return(before) }}
{% endmacro %}

{% macro unset_query_tag(original_query_tag) %}
    {% do run_query(
        "alter session set query_tag = '" ~ original_query_tag ~ "'" if original_query_tag
        else "alter session unset query_tag"
    ) %}
{% endmacro %}
