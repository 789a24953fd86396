{#- Running frames, which every engine computes in one pass over one sort, at any skew of
    events per subject: a count over a period is the running count before the moment minus
    the running count before the period. The reference for bodies written for one engine. -#}
{% macro default__point_in_time_features(features, events, moments=none) %}
{%- set plan = running_frames_plan(features, moments is none) -%}
{%- set served = features_served(
    plan.outputs, [plan.frames, plan.marks, plan.neighbours]
) -%}
with timeline as (

    select
        event_id,
        domain_userid,
        event_tstamp as as_of_tstamp,
        {{ epoch_us("event_tstamp") }} as us,
        {%- for sql, name in plan.events.items() %}
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
        {%- for name in plan.events.values() %}
        null as {{ name }},
        {%- endfor %}
        true as is_moment
    from {{ moments }}
    where domain_userid is not null
    {%- endif %}

),

neighbours as (

    select
        {%- for sql, name in plan.neighbours.items() %}
        {{- served_comment(name, served) }}
        {{ sql }} as {{ name }},
        {%- endfor %}
        timeline.*
    from timeline

),

marked as (

    select
        {%- for sql, name in plan.marks.items() %}
        {{- served_comment(name, served) }}
        {{ sql }} as {{ name }},
        {%- endfor %}
        neighbours.*
    from neighbours

),

framed as (

    select
        {%- for sql, name in plan.frames.items() %}
        {{- served_comment(name, served) }}
        {{ sql }} as {{ name }},
        {%- endfor %}
        marked.*
    from marked

)

select
    {%- if moments is none %}
    event_id,
    {%- endif %}
    domain_userid,
    as_of_tstamp
    {%- for feature in features %},
    -- {{ feature_comment(feature) }}
    {{ plan.outputs[feature.name] }} as {{ feature.name }}
    {%- endfor %}
from framed
where is_moment
{%- endmacro %}
