{%- set horizon_us = iso_duration_us(var("first_touch_horizon")) -%}

with first_visits as (

    select * from {{ ref("feat_user__first_touch") }}

),

people as (

    select * from {{ ref("tgt_user__first_conversion") }}

),

as_of as (

    select {{ epoch_us("as_of_tstamp") }} as as_of_us from {{ ref("as_of") }}

),

final as (

    select first_visits.*
    from first_visits
    inner join people on first_visits.stitched_user_id = people.stitched_user_id
    cross join as_of
    where
        {{ epoch_us("first_visits.as_of_tstamp") }} + {{ horizon_us }} > as_of.as_of_us
        {%- if not conversions()[0].repeatable %}
        and people.first_{{ conversions()[0].name }}_tstamp is null
        {%- endif %}

)

select * from final
