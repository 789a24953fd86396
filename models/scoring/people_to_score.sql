{{ config(materialized="view") }}

{%- set horizon_us = iso_duration_us(var("first_touch_horizon")) -%}
{%- set specs = propensity_model_specs("first_touch") -%}

with features as (

    select * from {{ ref("feat_person__first_touch") }}

),

first_conversions as (

    select * from {{ ref("tgt_person__first_conversion") }}

),

as_of as (

    select {{ epoch_us("as_of_tstamp") }} as as_of_us from {{ ref("as_of") }}

),

final as (

    select
        features.*,
        {{ is_outcome_open_list(specs) }}
    from features
    inner join first_conversions
        on features.stitched_user_id = first_conversions.stitched_user_id
    cross join as_of
    where
        {{ epoch_us("features.as_of_tstamp") }} + {{ horizon_us }} > as_of.as_of_us
        and (
            {% for spec in specs -%}
            {{ "or " if not loop.first }}{{ is_outcome_open(spec) }}
            {% endfor -%}
        )

)

select * from final
