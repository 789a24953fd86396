{#- Snowflake's query history then says which model a statement was run for, if the model has
    no `query_tag` of its own. dbt calls these two around each materialization there. -#}
{% macro set_query_tag() %}
    {% set before = get_current_query_tag() %}
    {% set tag = config.get("query_tag") or model.package_name ~ "." ~ model.name %}
    {% do run_query("alter session set query_tag = " ~ sql_literal(tag)) %}
    {{ return(before) }}
{% endmacro %}

{% macro unset_query_tag(original_query_tag) %}
    {% do run_query(
        "alter session set query_tag = " ~ sql_literal(original_query_tag) if original_query_tag
        else "alter session unset query_tag"
    ) %}
{% endmacro %}
