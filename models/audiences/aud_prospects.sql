{{ config(grants=audience_grants()) }}

with scores as (

    select * from {{ ref("propensity_scores") }}
    where
        model_name = '{{ propensity_model_specs("daily")[0].model_name }}'
        and is_used

),

profiles as (

    select * from {{ ref("prospect_profiles") }}

),

final as (

    select
        profiles.domain_userid as audience_key,
        profiles.domain_userid,
        profiles.user_id,
        profiles.user_id is not null as is_reachable,
        round(scores.score, 4) as propensity_score,
        scores.decile as propensity_decile,
        scores.label as propensity_label,
        scores.reason_1,
        scores.reason_2,
        scores.reason_3,
        profiles.geo_country,
        profiles.first_seen_tstamp,
        profiles.last_seen_tstamp,
        profiles.latest_app_id,
        profiles.latest_device_class,
        profiles.num_sessions_l30d,
        profiles.num_page_views_l30d,
        profiles.num_pricing_views_l30d,
        profiles.num_media_events_l30d,
        profiles.had_form_engagement_l7d,
        profiles.first_refr_medium_l30d,
        profiles.first_mkt_medium_l30d
    from scores
    inner join profiles on scores.subject_id = profiles.domain_userid
    {%- if not conversions()[0].repeatable %}
    -- A one-off conversion has nothing left to be won.
    where not profiles.has_converted
    {%- endif %}

)

select * from final
