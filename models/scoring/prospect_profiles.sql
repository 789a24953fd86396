{#- What is known of each scored prospect, fixed when its score was published: audiences
    read this, so that a run that publishes nothing changes nothing in them. -#}
{%- set conversion = conversions()[0] -%}

with scores as (

    select * from {{ ref("propensity_scores") }}
    where
        model_name = '{{ propensity_model_specs("daily")[0].model_name }}'
        and is_used

),

features as (

    select * from {{ ref("feat_prospect__current") }}

),

conversions as (

    select * from {{ ref("tgt_prospect__first_conversion") }}

),

events as (

    select
        domain_userid,
        geo_country,
        event_tstamp,
        event_id
    from {{ ref("stg_snowplow__events") }}
    where domain_userid is not null

),

user_mapping as (

    select * from {{ ref("stg_snowplow__user_mapping") }}

),

countries as (

    select
        domain_userid,
        geo_country,
        row_number() over (
            partition by domain_userid order by event_tstamp desc, event_id desc
        ) as recency
    from events
    where geo_country is not null

),

final as (

    select
        features.domain_userid,
        coalesce(user_mapping.user_id, features.domain_userid) as stitched_user_id,
        user_mapping.user_id,
        countries.geo_country,
        conversions.first_seen_tstamp,
        conversions.last_seen_tstamp,
        conversions.first_{{ conversion.name }}_tstamp is not null as has_converted,
        features.latest_app_id,
        features.latest_device_class,
        features.num_sessions_l30d,
        features.num_page_views_l30d,
        features.num_pricing_views_l30d,
        features.num_media_events_l30d,
        features.num_form_engagements_l7d as had_form_engagement_l7d,
        features.first_refr_medium_l30d,
        features.first_mkt_medium_l30d
    from scores
    inner join features on scores.subject_id = features.domain_userid
    left join conversions on features.domain_userid = conversions.domain_userid
    left join user_mapping on features.domain_userid = user_mapping.domain_userid
    left join countries
        on features.domain_userid = countries.domain_userid and countries.recency = 1

)

select * from final
