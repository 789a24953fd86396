{#- The features that count one key's values. -#}
{% macro features_of_key(plan, key) %}
    {% set names = [] %}
    {% for unique in plan.uniques if unique.key == key.name %}
        {% do names.extend(plan.packed[plan.num_counts + plan.uniques.index(unique)]) %}
    {% endfor %}
    {{ return(names | unique | list) }}
{% endmacro %}

{#- CTEs that read the events, once: visitors and texts as numbers, what each event adds,
    and the stretches of time in which a visitor had a key. -#}
{% macro running_totals_events(plan, columns, served, events, moments) %}
{%- set at_events = moments is none -%}
subjects as materialized (

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
-- What each event adds. Counts share integers, four of 31 bits each: one sum adds four.
seen as materialized (

    select
        {%- for name, sql in columns.seen.items() %}
        {{- served_comment(name, served) if not name.startswith("h") }}
        {{ sql }} as {{ name }},
        {%- endfor %}
        {%- for sql, key in plan.stretches.items() %}
        -- {{ key.name }}, for {{ shortened_list(features_of_key(plan, key)) }}
        {{ sql }} as {{ key.name }},
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
{%- endmacro %}
