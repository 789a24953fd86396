{#- DuckDB's own way: the events of one (visitor, microsecond) become one row, totals run
    over these rows once, and ASOF joins look them up one period before each moment. Range
    frames search a partition for every row and column; this sorts a few narrow tables,
    however many events a visitor has. Gives the same rows as the running frames. -#}
{% macro duckdb__point_in_time_features(features, events, moments=none) %}
{%- do prefer_sorted_asof_joins() -%}
{%- set at_events = moments is none -%}
{%- set plan = running_totals_plan(features, at_events) -%}
{%- set columns = running_totals_columns(plan) -%}
with subjects as materialized (

    select
        domain_userid,
        row_number() over () as subject,
        max(epoch_us({{ "event_tstamp" if at_events else "as_of_tstamp" }})) as last_us
    from {{ events if at_events else moments }}
    where domain_userid is not null
    group by domain_userid

),

{% for condition, code in plan.codes.items() %}
{{ code.name }}_texts as materialized (

    select
        row_number() over () as code,
        *
    from (
        select distinct
            {%- for sql, name in code.texts.items() %}
            {{ sql }} as {{ name }}{{ "," if not loop.last }}
            {%- endfor %}
        from {{ events }}
        where {{ condition }}
    )

),

{% endfor -%}
seen as materialized (

    select
        {%- for name, sql in columns.seen.items() %}
        {{ sql }} as {{ name }},
        {%- endfor %}
        subjects.subject,
        epoch_us(event_tstamp) as us,
        event_id
    from {{ events }} as events
    inner join subjects
        on events.domain_userid = subjects.domain_userid
        and epoch_us(events.event_tstamp) {{ "<=" if at_events else "<" }} subjects.last_us
    {%- for condition, code in plan.codes.items() %}
    left join {{ code.name }}_texts
        on {{ condition }}
        {%- for sql, name in code.texts.items() %}
        and {{ code.name }}_texts.{{ name }} = {{ sql }}
        {%- endfor %}
    {%- endfor %}

),
{% for key in plan.stretches.values() %}
-- Stretches of one key: what lies within one period of time cannot be further apart.
{{ key.name }}_stretches as materialized (

    select
        subject,
        from_us,
        to_us,
        from_us - lag(to_us) over by_key as since_us,
        lead(from_us) over by_key - to_us as until_us
    from (
        select
            subject,
            {{ key.name }} as key,
            min(us) as from_us,
            max(us) as to_us
        from seen
        where {{ key.name }} is not null
        group by subject, {{ key.name }}{{ ", us // " ~ key.bucket if key.bucket }}
    )
    window by_key as (partition by subject, key order by from_us)

),
{% endfor %}
changes as (

    {{ running_totals_changes(plan, columns, moments) }}

),

grouped as (

    select
        {%- for name, sql in columns.grouped.items() %}
        {{ sql }} as {{ name }},
        {%- endfor %}
        subject,
        us,
        is_moment
    from changes
    group by subject, us, is_moment

),

running as materialized (

    select
        {%- for name in columns.sums %}
        sum({{ name }}) over so_far as {{ name }},
        sum({{ name }}) over so_far - {{ name }} as before_{{ name }},
        {%- endfor %}
        {%- for name in plan.firsts %}
        lead({{ name }} ignore nulls) over so_far as next_{{ name }},
        first_value({{ name }} ignore nulls) over (
            partition by subject order by us, is_moment desc
            rows between unbounded preceding and unbounded following
        ) as earliest_{{ name }},
        {%- endfor %}
        {%- for sql, name in plan.frames.items() %}
        {{ sql }} as {{ name }},
        {%- endfor %}
        subject,
        us,
        is_moment
    from grouped
    window so_far as (
        partition by subject order by us, is_moment desc
        rows between unbounded preceding and current row
    )

),

moments_of_subjects as (

    select
        {%- for name in columns.sums %}
        before_{{ name }} as {{ name }},
        {%- endfor %}
        {%- for name in plan.firsts %}
        earliest_{{ name }},
        {%- endfor %}
        {%- for name in plan.frames.values() %}
        {{ name }},
        {%- endfor %}
        subject,
        us
    from running
    where is_moment

),

totals as (

    select
        {%- for name in columns.sums if name[0] != "d" %}
        {{ name }},
        {%- endfor %}
        {%- for name in plan.firsts %}
        next_{{ name }},
        {%- endfor %}
        subject,
        us
    from running
    where {{ "is_moment" if at_events else "not is_moment" }}

),

described as (

    select
        {%- for name, sql in plan.outputs.items() %}
        {{ sql }} as {{ name }},
        {%- endfor %}
        moment.subject,
        moment.us
    from moments_of_subjects as moment
    {%- for period in plan.periods %}
    asof left join totals as before_{{ period }}
        on moment.subject = before_{{ period }}.subject
        and moment.us - {{ period }} > before_{{ period }}.us
    {%- endfor %}
    {%- for sql, name in plan.meanings.items() %}
    left join {{ sql | replace("{}", name) }}
    {%- endfor %}

)

select
    {%- if at_events %}
    asked.event_id,
    {%- endif %}
    subjects.domain_userid,
    {{ "asked.event_tstamp as as_of_tstamp" if at_events
        else "make_timestamp(described.us) as as_of_tstamp" }}
    {%- for name in plan.outputs %},
    {% if name in plan.owners -%}
    coalesce(asked.{{ plan.owners[name] }}, described.{{ name }}) as {{ name }}
    {%- else -%}
    described.{{ name }}
    {%- endif %}
    {%- endfor %}
from described
inner join subjects on described.subject = subjects.subject
{%- if at_events %}
inner join (
    select
        {%- for sql, name in plan.own.items() %}
        {{ sql }} as {{ name }},
        {%- endfor %}
        event_id,
        domain_userid,
        event_tstamp
    from {{ events }}
) as asked
    on subjects.domain_userid = asked.domain_userid
    and described.us = epoch_us(asked.event_tstamp)
{%- endif %}
{%- endmacro %}
