{#- Running frames, which every engine computes in one pass over one sort, at any skew of
    events per subject: a count over a period is the running count before the moment minus
    the running count before the period. The reference for bodies written for one engine. -#}
{% macro default__point_in_time_features(features, events, moments=none) %}
{%- set plan = running_frames_plan(features, moments is none) -%}
{%- set served = features_served(
    plan.outputs, [plan.frames, plan.marks, plan.neighbours]
) -%}
{%- set columns = {} -%}
{%- for sql, name in plan.events.items() -%} {%- do columns.update({name: sql}) -%} {%- endfor -%}
with {{ timeline_cte(columns, events, moments, served) }}

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
