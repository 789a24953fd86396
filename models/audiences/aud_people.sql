{{ config(
    schema=var("audience_schema"),
    grants=audience_grants(),
    contract=audience_contract(),
) }}

{%- set daily = propensity_model_specs("daily")[0].model_name -%}
{%- set first_touch = propensity_model_specs("first_touch")[0].model_name %}

with people as (

    select * from {{ ref("person_profiles") }}

),

visitors as (

    select * from {{ ref("visitor_profiles") }}

),

scores as (

    select * from {{ ref("published_scores") }}

),

daily as (

    select * from scores
    where model_name = '{{ daily }}'

),

first_touch as (

    select * from scores
    where model_name = '{{ first_touch }}'

),

{%- for further in further_audience_models() %}

{{ further.name }} as (

    select * from scores
    where model_name = '{{ further.model_name }}'

),
{%- endfor %}

final as (

    select
        people.stitched_user_id as audience_key,
        people.domain_userid,
        people.user_id,
        people.email_sha256,
        people.user_id is not null or people.email_sha256 is not null as is_reachable,
        {{ rounded_score("daily.score") }} as propensity_score,
        daily.decile as propensity_decile,
        daily.label as propensity_label,
        daily.reason_1,
        daily.reason_2,
        daily.reason_3,
        {{ rounded_score("first_touch.score") }} as first_touch_score,
        first_touch.decile as first_touch_decile,
        first_touch.label as first_touch_label,
        {%- for further in further_audience_models() %}
        {{ rounded_score(further.name ~ ".score", further.kind) }} as {{ further.name }}_score,
        {{ further.name }}.decile as {{ further.name }}_decile,
        {{ further.name }}.label as {{ further.name }}_label,
        {%- endfor %}
        coalesce(visitors.geo_country, people.last_geo_country) as geo_country,
        people.first_seen_tstamp,
        people.last_seen_tstamp,
        people.num_visitors,
        people.num_visits,
        people.first_page_urlpath,
        people.first_refr_medium,
        people.first_mkt_medium,
        people.first_mkt_source,
        people.first_mkt_campaign,
        people.was_first_visit_paid,
        people.has_converted
        {{- profile_list({
            "latest_app_id": "people.last_app_id",
            "latest_device_class": "people.last_device_class",
        }) }}
    from people
    left join visitors on people.domain_userid = visitors.domain_userid
    left join daily on people.domain_userid = daily.subject_id
    left join first_touch on people.stitched_user_id = first_touch.subject_id
    {%- for further in further_audience_models() %}
    left join {{ further.name }} on people.domain_userid = {{ further.name }}.subject_id
    {%- endfor %}

)

select * from final
