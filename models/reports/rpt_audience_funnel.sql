with profiles as (

    select
        count(*) as num_scored,
        count(case when has_converted then 1 end) as num_converted
    from {{ ref("prospect_profiles") }}

),

audience as (

    select
        count(*) as num_prospects,
        count(case when is_reachable then 1 end) as num_reachable,
        count(case when propensity_label = 'High' then 1 end) as num_high,
        count(case when propensity_label = 'High' and is_reachable then 1 end)
            as num_high_reachable
    from {{ ref("aud_prospects") }}

),

final as (

    select
        1 as step,
        'seen in the lookback and scored' as name,
        num_scored as num_people
    from profiles

    union all

    select
        2 as step,
        'of them converted before' as name,
        num_converted as num_people
    from profiles

    union all

    select
        3 as step,
        'in aud_prospects' as name,
        num_prospects as num_people
    from audience

    union all

    select
        4 as step,
        'of them reachable (user_id known)' as name,
        num_reachable as num_people
    from audience

    union all

    select
        5 as step,
        'in aud_high_propensity' as name,
        num_high as num_people
    from audience

    union all

    select
        6 as step,
        'of them reachable (user_id known)' as name,
        num_high_reachable as num_people
    from audience

)

select * from final
