{#- A data test's query: folds whose outcomes reach into a later fold's period, and folds whose
    outcomes were not known by as_of, (model_name, message) each. Where a subject is one row and
    its horizon long, outcomes of folds may overlap (`outcomes_overlap`); their moments never do.
    `judged`: of the folds that each model is judged by (trn_readiness.split), where later time
    is asked of; else of the folds of its training table. -#}
{% macro fold_time_leaks(judged) %}
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
        {{ "split" if judged else "'people_and_time' as split" }},
        fold,
        case fold when 'train' then 1 when 'calibrate' then 2 else 3 end as place,
        min({{ epoch_us("as_of_tstamp") }}) as from_us,
        max({{ epoch_us("as_of_tstamp") }}) + {{ iso_duration_us(spec.horizon) }} as to_us,
        max({{ epoch_us("as_of_tstamp") }})
        + {{ 0 if spec.outcomes_overlap else iso_duration_us(spec.horizon) }} as clear_us
    {%- if judged %}
    from (
        {{ judged_rows(spec) }}
    ) as judged
    where fold is not null
    {%- else %}
    from {{ ref(spec.training_table) }}
    where fold is not null and {{ spec.target_column }} is not null
    {%- endif %}
    group by {{ "split, " if judged }}fold
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
    where periods.to_us + {{ late_arrival_us() }} > as_of.as_of_us

)

select * from crossing
union all
select * from unknown_outcomes
{%- endmacro %}
