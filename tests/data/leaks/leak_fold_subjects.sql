{#- Subjects that lie in more than one fold of a model's training rows; whichever split it is
    judged by (leak_splits), the column `fold` keeps its promise. -#}
{{ config(severity=var("leak_severity"), tags=["leak"]) }}

{% for spec in propensity_model_specs() %}
select
    '{{ spec.model_name }}' as model_name,
    {{ spec.subject_column }} as subject_id,
    '{{ spec.training_table }}.fold: ' || {{ spec.subject_column }}
    || ' lies in the folds ' || min(fold) || ' and ' || max(fold) as message
from {{ ref(spec.training_table) }}
where fold is not null and {{ spec.target_column }} is not null
group by {{ spec.subject_column }}
having min(fold) <> max(fold)
{% if not loop.last %}union all{% endif %}
{% endfor %}
