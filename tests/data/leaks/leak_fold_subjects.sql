{#- Subjects that lie in more than one fold of a training table. -#}
{{ config(severity=var("leak_severity"), tags=["leak"]) }}

{% for training in training_tables() %}
select
    '{{ training.table }}' as table_name,
    {{ training.subject }} as subject_id,
    '{{ training.table }}.fold: ' || {{ training.subject }} || ' lies in the folds '
    || min(fold) || ' and ' || max(fold) as message
from {{ ref(training.table) }}
where fold is not null
group by {{ training.subject }}
having min(fold) <> max(fold)
{% if not loop.last %}union all{% endif %}
{% endfor %}
