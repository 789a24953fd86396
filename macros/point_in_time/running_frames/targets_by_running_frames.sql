{% macro default__point_in_time_targets(conversions, horizon, events, as_of, moments=none) %}
{%- set columns = {} -%}
{%- for conversion in conversions -%}
    {%- do columns.update({
        "c" ~ loop.index: value_only_if(conversion_condition(conversion), "1"),
    }) -%}
{%- endfor -%}
with {{ timeline_cte(columns, events, moments) }}

-- When the conversion that begins with this event is complete.
completed as (

    select
        {%- for conversion in conversions %}
        {%- set mark = "c" ~ loop.index %}
        case
            when {{ mark }} = 1
                then {% if conversion.min_count == 1 -%} us {%- else -%}
                    lead(us, {{ conversion.min_count - 1 }}) over (
                        partition by domain_userid, {{ mark }} order by us, event_id
                    ) {%- endif %}
        end as done{{ loop.index }},
        {%- endfor %}
        timeline.*
    from timeline

),

upcoming as (

    select
        {%- for conversion in conversions %}
        {{ frame_after("min(done" ~ loop.index ~ ")") }} as next{{ loop.index }},
        {%- endfor %}
        completed.*
    from completed

)

select
    {%- if moments is none %}
    upcoming.event_id,
    {%- endif %}
    upcoming.domain_userid,
    upcoming.as_of_tstamp
    {%- for conversion in conversions %},
    {{ target_value(
        "upcoming.next" ~ loop.index, "upcoming.us", horizon,
        epoch_us("as_of.as_of_tstamp")
    ) }} as {{ target_column(conversion, horizon) }}
    {%- endfor %}
from upcoming
cross join {{ as_of }} as as_of
where upcoming.is_moment
{%- endmacro %}
