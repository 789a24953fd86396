{{ config(materialized="view") }}

{%- set horizon_us = iso_duration_us(var("first_touch_horizon")) -%}
{%- set specs = propensity_model_specs("first_touch") -%}

with features as (

    select * from {{ ref("feat_user__first_touch") }}

),

prospects as (

    select * from {{ ref("tgt_user__first_conversion") }}

),

as_of as (

    select {{ epoch_us("as_of_tstamp") }} as as_of_us from {{ ref("as_of") }}

),

final as (

    select
        features.*,
        {{ is_open_list(specs) }}
    from features
    inner join prospects on features.stitched_user_id = prospects.stitched_user_id
    cross join as_of
    where
        {{ epoch_us("features.as_of_tstamp") }} + {{ horizon_us }} > as_of.as_of_us
        and (
            {% for spec in specs -%}
            {{ "or " if not loop.first }}{{ is_open(spec) }}
            {% endfor -%}
        )

)

select * from final
