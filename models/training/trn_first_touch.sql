{%- set specs = propensity_model_specs("first_touch") -%}
{%- set window_us = (var("training_window")[0] * 86400000000) | int -%}
{%- set moment_us = epoch_us("features.as_of_tstamp") -%}

with features as (

    select * from {{ ref("feat_person__first_touch") }}

),

targets as (

    select * from {{ ref("tgt_person__first_touch") }}

),

as_of as (

    select {{ epoch_us("as_of_tstamp") }} as as_of_us from {{ ref("as_of") }}

),

span as (

    select
        min({{ moment_us }}) as start_us,
        max(as_of.as_of_us) as as_of_us
    from features
    cross join as_of
    where
        {{ epoch_us("features.first_visit_tstamp") }}
        >= as_of.as_of_us - {{ window_us }}

),

periods as (

    select
        start_us,
        {{ fold_period_start(specs[0], "calibrate") }} as calibrate_us,
        {{ fold_period_start(specs[0], "test") }} as test_us
    from span

),

-- A person is one row: when the first visit ended is fold enough. Outcomes of folds may
-- overlap in time; were they kept apart, three horizons of history would train nothing.
labelled as (

    select
        features.*,
        {{ first_touch_training_list(specs) }},
        case
            when {{ moment_us }} < periods.calibrate_us then 'train'
            when {{ moment_us }} < periods.test_us then 'calibrate'
            else 'test'
        end as fold,
        {{ subject_fold("features.stitched_user_id", var("fold_shares")) | indent(8) }}
            as subject_fold
    from features
    inner join targets on features.stitched_user_id = targets.stitched_user_id
    cross join as_of
    cross join periods
    where
        {{ epoch_us("features.first_visit_tstamp") }}
        >= as_of.as_of_us - {{ window_us }}

),

final as (

    select * from labelled
    where {{ any_target_known(specs) }}

)

select * from final
