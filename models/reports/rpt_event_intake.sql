{%- set counted = counted_of_events() -%}

with events as (

    select * from {{ ref("base_snowplow__events") }}

),

event_clock as (

    select * from {{ ref("event_clock") }}

),

staged as (

    select count(*) as num_staged from {{ ref("stg_snowplow__events") }}

),

-- One look at the source for all that is counted.
arrived as (

    select
        case
            when events.set_aside_reason is not null then events.set_aside_reason
            when {{ is_clock_outlier("events", "event_clock") }} then 'clock_outlier'
            else 'kept'
        end as outcome,
        count(*) as num_events,
        {%- for name, count in counted.items() %}
        {{ count.expression }} as {{ name }},
        {%- endfor %}
        count(case when events.event_name = 'page_view' then 1 end) as num_page_views
    from events
    cross join event_clock
    group by 1

),

counts as (

    {{ counts_as_rows(counted) }}

),

tallied as (

    select
        counts.column_name,
        counts.outcome,
        counts.message,
        {{ chosen_count(counted) }} as num_events,
        sum(
            case when arrived.outcome = 'kept' then arrived.num_page_views else 0 end
        ) as num_page_views
    from arrived
    cross join staged
    cross join counts
    group by 1, 2, 3

),

final as (

    select
        'events' as source,
        cast(null as {{ dbt.type_string() }}) as column_name,
        arrived.outcome,
        case
            when arrived.outcome = 'kept' then staged.num_staged
            else arrived.num_events
        end as num_events,
        cast(null as {{ dbt.type_string() }}) as message
    from arrived
    cross join staged

    union all

    select
        'events' as source,
        column_name,
        case
            when outcome = 'missing' and num_events = num_page_views
                then 'missing_everywhere'
            else outcome
        end as outcome,
        num_events,
        message
    from tallied
    where num_events > 0
    {%- for table in counted_tables() %}

    union all

    {{ counts_of_table(table) }}
    {%- endfor %}
    {%- for column, message in entities_named_differently(atomic_events()).items() %}

    union all

    select
        'events' as source,
        '{{ column }}' as column_name,
        'named_differently' as outcome,
        0 as num_events,
        {{ sql_literal(message) }} as message
    {%- endfor %}

)

select
    source,
    column_name,
    outcome,
    cast(num_events as {{ dbt.type_bigint() }}) as num_events,
    message
from final
