{#- CTE `timeline` that both kinds of running frames are taken over: all events of known
    subjects, with `columns` (name -> SQL over an event), and the moments between them. Where
    `moments` is none, each event is a moment. `served` says which features a column serves. -#}
{% macro timeline_cte(columns, events, moments, served={}) %}
timeline as (

    select
        event_id,
        domain_userid,
        event_tstamp as as_of_tstamp,
        {{ epoch_us("event_tstamp") }} as us,
        {%- for name, sql in columns.items() %}
        {{- served_comment(name, served) }}
        {{ sql }} as {{ name }},
        {%- endfor %}
        {{ "true" if moments is none else "false" }} as is_moment
    from {{ events }}
    where domain_userid is not null
    {%- if moments is not none %}

    union all

    select
        null as event_id,
        domain_userid,
        as_of_tstamp,
        {{ epoch_us("as_of_tstamp") }} as us,
        {%- for name in columns %}
        null as {{ name }},
        {%- endfor %}
        true as is_moment
    from {{ moments }}
    where domain_userid is not null
    {%- endif %}

),
{%- endmacro %}
