{#- DuckDB's own way: the events of one (visitor, microsecond) become one row, totals run
    over these rows once, and ASOF joins look them up one period before each moment. Range
    frames search a partition for every row and column; this sorts a few narrow tables,
    however many events a visitor has. Gives the same rows as the running frames. -#}
{% macro duckdb__point_in_time_features(features, events, moments=none) %}
{%- do prefer_sorted_asof_joins() -%}
{%- set at_events = moments is none -%}
{%- set plan = running_totals_plan(features, at_events) -%}
{%- set columns = running_totals_columns(plan) -%}
{%- set served = features_served(plan.outputs, [plan.meanings, plan.frames]) -%}
with {{ running_totals_events(plan, columns, served, events, moments) }}
{{ running_totals_rows(plan, columns, served, moments) }}

described as (

    select
        {%- for feature in features %}
        -- {{ feature_comment(feature) }}
        {{ plan.outputs[feature.name] }} as {{ feature.name }},
        {%- endfor %}
        moment.subject,
        moment.us
    from moments_of_subjects as moment
    {%- for period in plan.periods %}
    {%- set before = "before_" ~ period_name(period) %}
    asof left join totals as {{ before }}
        on moment.subject = {{ before }}.subject
        and moment.us - {{ period }} > {{ before }}.us
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
