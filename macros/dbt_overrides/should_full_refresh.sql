{#- dbt asks this macro whether to build a table anew. A feature table is, if its rows were made
    by other definitions (column `definitions_hash`), or if it is unknown which events they were
    made from. -#}
{% macro should_full_refresh() %}
    {% set asked = config.get("full_refresh") %}
    {% if asked is none %} {% set asked = flags.FULL_REFRESH %} {% endif %}
    {{ return(asked or definitions_changed() or history_is_unknown()) }}
{% endmacro %}

{% macro definitions_changed() %}
    {% if not execute or not model.columns or "definitions_hash" not in model.columns %}
        {{ return(false) }}
    {% endif %}
    {% set built = load_relation(this) %}
    {% if built is none %} {{ return(false) }} {% endif %}
    {% if "definitions_hash" not in column_names_of(built) %} {{ return(true) }} {% endif %}
    {% set others %}
        select count(*) as num_rows from {{ built }}
        where definitions_hash <> '{{ features_hash() }}'
    {% endset %}
    {{ return(run_query(others).rows[0][0] > 0) }}
{% endmacro %}

{% macro history_is_unknown() %}
    {{ return(
        execute and config.get("materialized") == "incremental"
        and "definitions_hash" in model.columns
        and load_relation(this) is not none and unknown_history() is not none
    ) }}
{% endmacro %}
