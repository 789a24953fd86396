{#- A table, not a view: every layer above reads it, and finding what arrived twice
    means looking at all events. -#}
{{ config(
    materialized="table",
    contract={"enforced": not (var("entity_fields") or var("event_fields"))},
    pre_hook=["{{ check_events_count() }}", "{{ forget_event_days() }}"],
    post_hook="{{ keep_event_days() }}",
) }}

with events as {{ not_materialized() }} (

    {{ events_kept() }}

),

-- Few events arrive twice, so only those are put in order.
repeated as (

    select event_id from events
    group by event_id
    having count(*) > 1

),

ranked as (

    select
        events.*,
        row_number() over (
            partition by events.event_id
            order by events.arrival_tstamp, {{ staged_event_list("events") }}
        ) as arrival
    from events
    inner join repeated on events.event_id = repeated.event_id

),

final as (

    select {{ staged_event_list("events") }}
    from events
    left join repeated on events.event_id = repeated.event_id
    where repeated.event_id is null

    union all

    select {{ staged_event_list("ranked") }}
    from ranked
    where ranked.arrival = 1

)

select * from final
