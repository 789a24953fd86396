{#- The columns of this incremental model's table as the last run left it; none where there is
    none yet, or where it is built anew. -#}
{% macro columns_built() %}
    {% if not execute or not is_incremental() %} {{ return([]) }} {% endif %}
    {{ return(column_names_of(load_relation(this))) }}
{% endmacro %}
