{#- CTE `emails`: the last address seen of each person, as ad tools match it: SHA-256 of the
    trimmed, lower-case address. Empty if var email_property is null. A value that is a SHA-256
    already is kept, so plain addresses need never reach the warehouse. -#}
{% macro person_emails(user_mapping) %}
{%- set events = ref("stg_snowplow__events") -%}
{%- if var("email_property") -%}
{%- set email = "lower(trim(events." ~ property_column(var("email_property"), "var email_property") ~ "))" -%}
told_emails as (

    select
        coalesce(user_mapping.user_id, events.domain_userid) as stitched_user_id,
        case
            when {{ matches_pattern(email, "^[0-9a-f]{64}$") }} then {{ email }}
            else {{ sha256_hex(email) }}
        end as email_sha256,
        events.event_tstamp,
        events.event_id
    from {{ events }} as events
    left join {{ user_mapping }} as user_mapping
        on events.domain_userid = user_mapping.domain_userid
    where
        events.domain_userid is not null
        and {{ email }} <> ''
        and not {{ is_placeholder_id(email) }}

),

-- One address of many people is nobody's.
shared_emails as (

    select email_sha256 from told_emails
    group by email_sha256
    having count(distinct stitched_user_id)
        > {{ var("max_visitors_per_user_id") or "9999999999" }}

),

emails as (

    select
        stitched_user_id,
        email_sha256
    from (
        select
            told_emails.*,
            row_number() over (
                partition by told_emails.stitched_user_id
                order by told_emails.event_tstamp desc, told_emails.event_id desc
            ) as recency
        from told_emails
        left join shared_emails on told_emails.email_sha256 = shared_emails.email_sha256
        where shared_emails.email_sha256 is null
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
