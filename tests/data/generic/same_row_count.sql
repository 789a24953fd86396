{#- Both relations have as many rows. If the relation `where_exists` is empty, they are not
    compared. -#}
{% test same_row_count(model, compare_to, where_exists=none) %}

with counts as (

    select
        (select count(*) from {{ model }}) as num_rows,
        (select count(*) from {{ compare_to }}) as num_rows_expected
        {%- if where_exists %},
        (select count(*) from {{ where_exists }}) as num_needed
        {%- endif %}

)

select * from counts
where num_rows <> num_rows_expected
{%- if where_exists %} and num_needed > 0{% endif %}

{% endtest %}
