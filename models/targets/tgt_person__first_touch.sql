{%- set end_us = epoch_us("first_visits.as_of_tstamp") -%}

with first_visits as (

    select
        stitched_user_id,
        as_of_tstamp
    from {{ ref("feat_person__first_touch") }}

),

people as (

    select * from {{ ref("tgt_person__first_conversion") }}

),

conversions as (

    select * from {{ ref("tgt_conversions") }}

),

as_of as (

    select * from {{ ref("as_of") }}

),

numbered as (

    select
        conversions.conversion_name,
        conversions.stitched_user_id,
        conversions.conversion_tstamp,
        row_number() over (
            partition by conversions.conversion_name, conversions.stitched_user_id
            order by conversions.conversion_tstamp, conversions.conversion_id
        ) as number
    from conversions
    inner join first_visits
        on conversions.stitched_user_id = first_visits.stitched_user_id
    where conversions.conversion_tstamp > first_visits.as_of_tstamp

),

completed as (

    select
        stitched_user_id,
        {{ completed_conversion_list(epoch_us("conversion_tstamp"), "", "_us") }}
    from numbered
    group by stitched_user_id

),

-- A visit ends with its last event: what comes before the timeout is over, such as an
-- order from a server, still belongs to it.
final as (

    select
        first_visits.stitched_user_id,
        first_visits.as_of_tstamp,
        {{ first_touch_target_list(end_us) }}
    from first_visits
    inner join people on first_visits.stitched_user_id = people.stitched_user_id
    cross join as_of
    left join completed on first_visits.stitched_user_id = completed.stitched_user_id

)

select * from final
