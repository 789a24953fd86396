with profiles as (

    select * from {{ ref("prospect_profiles") }}

),

audience as (

    select * from {{ ref("aud_prospects") }}

),

scored as (

    select
        count(*) as num_scored,
        count(case when has_converted then 1 end) as num_converted
    from profiles

),

reached as (

    select
        count(*) as num_prospects,
        count(case when is_reachable then 1 end) as num_reachable,
        count(case when propensity_label = 'High' then 1 end) as num_high,
        count(case when propensity_label = 'High' and is_reachable then 1 end)
            as num_high_reachable
    from audience

),

final as (

    select 1 as step, 'seen in the lookback and scored' as name, num_scored as num_people
    from scored
    union all
    select 2, 'of them converted before', num_converted
    from scored
    union all
    select 3, 'in aud_prospects', num_prospects
    from reached
    union all
    select 4, 'of them reachable (user_id known)', num_reachable
    from reached
    union all
    select 5, 'in aud_high_propensity', num_high
    from reached
    union all
    select 6, 'of them reachable (user_id known)', num_high_reachable
    from reached

)

select * from final
