{#- A table, not a view: every layer above reads it, and on most engines finding the
    duplicates means sorting all events. -#}
{{ config(materialized="table") }}

{%- set columns = staged_event_columns() %}

with events as (

    select * from {{ ref("base_snowplow__events") }}
    where set_aside_reason is null

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
            order by
                events.arrival_tstamp,
                {%- for column in columns if column != "event_id" %}
                events.{{ column }}{{ "," if not loop.last }}
                {%- endfor %}
        ) as arrival
    from events
    inner join repeated on events.event_id = repeated.event_id

),

final as (

    select
        {%- for column in columns %}
        events.{{ column }}{{ "," if not loop.last }}
        {%- endfor %}
    from events
    left join repeated on events.event_id = repeated.event_id
    where repeated.event_id is null

    union all

    select
        {%- for column in columns %}
        {{ column }}{{ "," if not loop.last }}
        {%- endfor %}
    from ranked
    where arrival = 1

)

select * from final
