{#- The columns of this incremental model's table as the last run left it; none if there is no
    table yet, or if it is built anew. -#}
{% macro columns_built() %}
    {% if not execute or not is_incremental() %} {{ return([]) }} {% endif %}
    {{ return(column_names_of(load_relation(this))) }}
{% endmacro %}
