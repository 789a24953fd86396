with sessions as (

    select * from {{ ref("stg_snowplow__sessions") }}

),

conversions as (

    select * from {{ ref("tgt_conversions") }}

),

people as (

    select
        stitched_user_id,
        count(*) as num_visits,
        min(start_tstamp) as first_seen_tstamp,
        max(end_tstamp) as last_seen_tstamp
    from sessions
    where stitched_user_id is not null
    group by stitched_user_id

),

numbered as (

    select
        conversion_name,
        stitched_user_id,
        conversion_tstamp,
        row_number() over (
            partition by conversion_name, stitched_user_id
            order by conversion_tstamp, conversion_id
        ) as number
    from conversions

),

-- A conversion is complete with the min_count-th that counts towards it.
completed as (

    select
        stitched_user_id,
        {{ completed_conversion_list("conversion_tstamp", "first_", "_tstamp") }}
    from numbered
    group by stitched_user_id

),

final as (

    select
        people.stitched_user_id,
        people.num_visits,
        people.first_seen_tstamp,
        people.last_seen_tstamp,
        {{ first_conversion_columns("completed") }}
    from people
    left join completed on people.stitched_user_id = completed.stitched_user_id

)

select * from final
