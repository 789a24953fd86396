{#- Of the rows that share these columns exactly one is in use. -#}
{% test one_used_score(model, columns) %}

select
    {{ columns | join(", ") }},
    count(case when is_used then 1 end) as num_used
from {{ model }}
group by {{ columns | join(", ") }}
having count(case when is_used then 1 end) <> 1

{% endtest %}
