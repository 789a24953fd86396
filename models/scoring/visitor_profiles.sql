{#- What is known of each scored visitor, fixed when its score was published: audiences
    read this, so that a run that publishes nothing changes nothing in them. What the last
    days told stays as it was when their last event came, as long as there is no other. -#}
{%- set conversion = conversions()[0] -%}
{%- set features = profile_columns() -%}
{%- set before = own_rows_before(features + ["domain_userid", "behaviour"]) %}

with scores as (

    select distinct subject_id from {{ ref("propensity_scores") }}
    where
        model_name in ({{ text_literals(
            propensity_model_specs("daily") | map(attribute="model_name")
        ) }})
        and is_used

),

features as (

    select * from {{ ref("feat_visitor__current") }}

),

conversions as (

    select * from {{ ref("tgt_visitor__first_conversion") }}

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

behaved as (

    select
        domain_userid,
        cast(count(*) as {{ dbt.type_string() }})
        || ' events up to '
        || cast(max({{ epoch_us("event_tstamp") }}) as {{ dbt.type_string() }})
        || ', {{ attributes_hash(features) }}' as behaviour
    from events
    group by domain_userid

),

{% if before is not none -%}
kept as (

    select published.*
    from {{ before }} as published
    inner join behaved
        on
            published.domain_userid = behaved.domain_userid
            and published.behaviour = behaved.behaviour

),

{% endif -%}
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
        {%- for name in features %}
        {{ kept_value_or("domain_userid", name, "features." ~ name, before) }}
            as {{ name }},
        {%- endfor %}
        behaved.behaviour
    from scores
    inner join features on scores.subject_id = features.domain_userid
    left join conversions on features.domain_userid = conversions.domain_userid
    left join user_mapping on features.domain_userid = user_mapping.domain_userid
    left join behaved on features.domain_userid = behaved.domain_userid
    {%- if before is not none %}
    left join kept on features.domain_userid = kept.domain_userid
    {%- endif %}
    left join countries
        on features.domain_userid = countries.domain_userid and countries.recency = 1

)

select * from final
