{#- The same of the folds that each model is judged by (trn_readiness.split), and people in two
    of them, unless it is judged on later time whoever they are. -#}
{{ config(severity=var("leak_severity"), tags=["leak"]) }}

{{ fold_time_leaks(judged=true) }}
{%- for spec in propensity_model_specs() %}
union all
select
    '{{ spec.model_name }}' as model_name,
    '{{ spec.training_table }}: ' || subject_id || ' lies in the folds ' || min(fold)
    || ' and ' || max(fold) as message
from (
    {{ judged_rows(spec) }}
) as judged
where fold is not null and split <> 'time'
group by subject_id
having min(fold) <> max(fold)
{%- endfor %}
