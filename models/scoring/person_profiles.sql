{#- Fixed when scores were published, as visitor_profiles: a run that publishes nothing
    changes nothing in audiences. -#}
{%- set conversion = conversions()[0] -%}
{%- set first_touch = propensity_model_specs("first_touch")[0].model_name -%}

with scores as (

    select * from {{ ref("propensity_scores") }}

),

scored_visitors as (

    select * from {{ ref("visitor_profiles") }}

),

visitors as (

    select * from {{ ref("stg_snowplow__users") }}

),

first_visits as (

    select * from {{ ref("feat_person__first_touch") }}

),

people as (

    select * from {{ ref("tgt_person__first_conversion") }}

),

user_mapping as (

    select * from {{ ref("stg_snowplow__user_mapping") }}

),

{{ person_emails("user_mapping") }}

-- Whoever has a score, by the visitor last seen; one with a daily score comes first.
scored as (

    select
        stitched_user_id,
        domain_userid,
        last_seen_tstamp,
        0 as place
    from scored_visitors

    union all

    select
        visitors.stitched_user_id,
        visitors.domain_userid,
        visitors.end_tstamp as last_seen_tstamp,
        1 as place
    from visitors
    inner join scores
        on
            visitors.stitched_user_id = scores.subject_id
            and scores.model_name = '{{ first_touch }}'

),

placed as (

    select
        stitched_user_id,
        domain_userid,
        row_number() over (
            partition by stitched_user_id
            order by place asc, last_seen_tstamp desc, domain_userid asc
        ) as place
    from scored

),

identities as (

    select
        user_id,
        count(*) as num_visitors
    from user_mapping
    group by user_id

),

converted_visitors as (

    select
        stitched_user_id,
        count(case when has_converted then 1 end) > 0 as has_converted,
        min(first_seen_tstamp) as first_seen_tstamp,
        max(last_seen_tstamp) as last_seen_tstamp
    from scored_visitors
    group by stitched_user_id

),

final as (

    select
        placed.stitched_user_id,
        placed.domain_userid,
        identities.user_id,
        emails.email_sha256,
        coalesce(identities.num_visitors, 1) as num_visitors,
        coalesce(people.num_visits, 0) as num_visits,
        coalesce(people.first_seen_tstamp, converted_visitors.first_seen_tstamp)
            as first_seen_tstamp,
        coalesce(
            greatest(people.last_seen_tstamp, converted_visitors.last_seen_tstamp),
            people.last_seen_tstamp,
            converted_visitors.last_seen_tstamp
        ) as last_seen_tstamp,
        people.first_{{ conversion.name }}_tstamp is not null
        or coalesce(converted_visitors.has_converted, false) as has_converted,
        visitors.last_geo_country,
        visitors.last_app_id,
        visitors.last_device_class,
        first_visits.first_page_urlpath,
        first_visits.first_refr_medium,
        first_visits.first_mkt_medium,
        first_visits.first_mkt_source,
        first_visits.first_mkt_campaign,
        coalesce(
            lower(first_visits.first_mkt_medium)
            in ({{ text_literals(var("paid_mkt_mediums")) }})
            or first_visits.first_refr_medium = 'paid',
            false
        ) as was_first_visit_paid
    from placed
    left join people on placed.stitched_user_id = people.stitched_user_id
    left join converted_visitors
        on placed.stitched_user_id = converted_visitors.stitched_user_id
    left join identities on placed.stitched_user_id = identities.user_id
    left join emails on placed.stitched_user_id = emails.stitched_user_id
    left join visitors on placed.domain_userid = visitors.domain_userid
    left join first_visits on placed.stitched_user_id = first_visits.stitched_user_id
    where placed.place = 1

)

select * from final
