{#- The same of the folds that each model is judged by (trn_readiness.split): people in two
    folds unless it is judged on later time whoever they are, outcomes that reach into the test
    fold unless it is judged on other people of the same time, outcomes not known by as_of. -#}
{{ config(severity=var("leak_severity"), tags=["leak"]) }}

{%- set text = dbt.type_string() -%}

with as_of as (

    select {{ epoch_us("as_of_tstamp") }} as as_of_us from {{ ref("as_of") }}

),

periods as (

    {%- for spec in propensity_model_specs() %}
    select
        '{{ spec.model_name }}' as model_name,
        '{{ spec.training_table }}' as table_name,
        '{{ spec.target_column }}' as target_column,
        split,
        fold,
        case fold when 'train' then 1 when 'calibrate' then 2 else 3 end as place,
        min({{ epoch_us("as_of_tstamp") }}) as from_us,
        max({{ epoch_us("as_of_tstamp") }}) + {{ iso_duration_us(spec.horizon) }} as to_us,
        max({{ epoch_us("as_of_tstamp") }})
        + {{ 0 if spec.outcomes_overlap else iso_duration_us(spec.horizon) }} as clear_us
    from (
        {{ judged_rows(spec) }}
    ) as judged
    where fold is not null
    group by split, fold
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}

),

crossing as (

    select
        earlier.model_name,
        earlier.table_name || '.as_of_tstamp: outcomes of the fold ' || earlier.fold
        || ' reach to ' || cast({{ timestamp_us("earlier.to_us") }} as {{ text }})
        || ', the fold ' || later.fold || ' begins at '
        || cast({{ timestamp_us("later.from_us") }} as {{ text }}) as message
    from periods as earlier
    inner join periods as later
        on earlier.model_name = later.model_name and earlier.place < later.place
    where earlier.split <> 'people' and earlier.clear_us >= later.from_us

),

unknown_outcomes as (

    select
        periods.model_name,
        periods.table_name || '.' || periods.target_column || ': outcomes of the fold ' || periods.fold
        || ' reach to ' || cast({{ timestamp_us("periods.to_us") }} as {{ text }})
        || ', which is not late_arrival_allowance before as_of' as message
    from periods
    cross join as_of
    where
        periods.to_us + {{ iso_duration_us(var("late_arrival_allowance")) }}
        > as_of.as_of_us

)

select * from crossing
union all
select * from unknown_outcomes
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
