{#- DuckDB's own way: an ASOF join finds the next conversion after each moment. Gives the
    same rows as the running frames. -#}
{% macro duckdb__point_in_time_targets(conversions, horizon, events, as_of, moments=none) %}
{%- do prefer_sorted_asof_joins() -%}
with
{%- for conversion in conversions %}
-- One row per microsecond a conversion begins at: when the conversion is complete.
conversions_{{ loop.index }} as (

    select
        domain_userid,
        us,
        min(done_us) as done_us
    from (
        select
            domain_userid,
            epoch_us(event_tstamp) as us,
            lead(epoch_us(event_tstamp), {{ conversion.min_count - 1 }}) over (
                partition by domain_userid order by event_tstamp, event_id
            ) as done_us
        from {{ events }}
        where domain_userid is not null and ({{ conversion_condition(conversion) }})
    )
    where done_us is not null
    group by domain_userid, us

),
{% endfor %}
moments_to_label as (

    select
        {%- if moments is none %}
        event_id,
        event_tstamp as as_of_tstamp,
        {%- else %}
        as_of_tstamp,
        {%- endif %}
        domain_userid,
        epoch_us({{ "event_tstamp" if moments is none else "as_of_tstamp" }}) as us
    from {{ events if moments is none else moments }}
    where domain_userid is not null

)

select
    {%- if moments is none %}
    moment.event_id,
    {%- endif %}
    moment.domain_userid,
    moment.as_of_tstamp
    {%- for conversion in conversions %},
    {{ target_value(
        "conversions_" ~ loop.index ~ ".done_us", "moment.us", horizon,
        "epoch_us(as_of.as_of_tstamp)"
    ) }} as {{ target_column(conversion, horizon) }}
    {%- endfor %}
from moments_to_label as moment
{%- for conversion in conversions %}
asof left join conversions_{{ loop.index }}
    on moment.domain_userid = conversions_{{ loop.index }}.domain_userid
    and moment.us < conversions_{{ loop.index }}.us
{%- endfor %}
cross join {{ as_of }} as as_of
{%- endmacro %}
