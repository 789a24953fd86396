{#- CTE `emails`, where var email_property names where an address is: for each person the
    last one seen, as ad tools match it: SHA-256 of the trimmed, lower-case address. What is
    a SHA-256 already is kept, so that no address need ever reach the warehouse. -#}
{% macro person_emails(user_mapping) %}
{%- set events = ref("stg_snowplow__events") -%}
{%- if var("email_property") -%}
{%- set email = "lower(trim(events." ~ property_column(var("email_property"), "var email_property") ~ "))" -%}
emails as (

    select
        stitched_user_id,
        email_sha256
    from (
        select
            coalesce(user_mapping.user_id, events.domain_userid) as stitched_user_id,
            case
                when {{ matches_pattern(email, "^[0-9a-f]{64}$") }} then {{ email }}
                else {{ sha256_hex(email) }}
            end as email_sha256,
            row_number() over (
                partition by coalesce(user_mapping.user_id, events.domain_userid)
                order by events.event_tstamp desc, events.event_id desc
            ) as recency
        from {{ events }} as events
        left join {{ user_mapping }} as user_mapping
            on events.domain_userid = user_mapping.domain_userid
        where events.domain_userid is not null and {{ email }} <> ''
    ) as addresses
    where recency = 1

),
{%- else -%}
emails as (

    select
        {{ text_null() }} as stitched_user_id,
        {{ text_null() }} as email_sha256
    from {{ user_mapping }}
    where false

),
{%- endif %}
{% endmacro %}
