{{ config(
    materialized="incremental",
    incremental_strategy="append",
    on_schema_change="fail",
    pre_hook=["{{ mark_what_is_rebuilt() }}", "{{ forget_rebuilt_moments() }}"],
    post_hook="{{ remember_what_was_built() }}",
) }}

{%- set day = 86400000000 -%}
{%- set lookback = iso_duration_us(var("lookback")) -%}
{%- set definitions = feature_columns() -%}
{%- set changes = changes_since_built() -%}
{%- set since = events_read(definitions, changes) -%}

with events as {{ not_materialized() }} (

    {{ subject_events(ref("stg_snowplow__events"), since, in_parts=true) }}

),

as_of as (

    select {{ epoch_us("as_of_tstamp") }} as as_of_us from {{ ref("as_of") }}

),

timed as (

    select
        domain_userid,
        {{ epoch_us("event_tstamp") }} as us
    from events

),

active_days as (

    select
        domain_userid,
        us - mod(us, {{ day }}) as day_us,
        max(us) as last_us
    from timed
    group by domain_userid, us - mod(us, {{ day }})

),

spans as (

    select
        active_days.domain_userid,
        active_days.day_us,
        active_days.last_us + {{ lookback }} as seen_until_us,
        lead(active_days.day_us) over (
            partition by active_days.domain_userid order by active_days.day_us
        ) as next_day_us
    from active_days

),

day_numbers as (

    {% for number in range(1, (lookback + day - 1) // day + 1) -%}
    select {{ number }} as number_of_days
    {%- if not loop.last %} union all {% endif %}
    {% endfor %}

),

-- From the midnight after an active day until the one that opens the next.
moments as (

    select
        spans.domain_userid,
        {{ timestamp_us("spans.day_us + day_numbers.number_of_days * " ~ day) }}
            as as_of_tstamp
    from spans
    cross join day_numbers
    cross join as_of
    where
        spans.day_us + day_numbers.number_of_days * {{ day }}
        <= least(
            spans.seen_until_us,
            coalesce(spans.next_day_us, as_of.as_of_us),
            as_of.as_of_us
        )

),

rebuilt as (

    select * from moments
    {%- if changes is not none %}
    where {{ is_rebuilt(changes, "as_of_tstamp", "domain_userid") }}
    {%- endif %}

),

features as (

    {{ point_in_time_features(definitions, events="events", moments="rebuilt") }}

),

final as (

    select
        *,
        '{{ features_hash() }}' as definitions_hash
    from features

)

select * from final
