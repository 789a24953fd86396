{#- SQL of what else follows a moment, one row per (domain_userid, as_of_tstamp): columns
    target_churned_next<horizon> and target_value_next<horizon>, as far as configured.

    churned  no event with moment < event_tstamp <= moment + horizon. Asked only of those
             with an event in the horizon before the moment: the others are gone already.
    value    the total of the orders with moment < event_tstamp <= moment + horizon, 0 where
             it is less.

    Null until moment + horizon + late_arrival_allowance has passed. Running totals over one
    sort: the end of each horizon is a point of the same timeline.

    specs    of propensity_model_specs(), without conversions
    events, moments, as_of  relations or CTEs, as in point_in_time_targets() -#}
{% macro outcomes_ahead(specs, events, moments, as_of) %}
{%- set churn = specs | selectattr("kind", "equalto", "churn") | first -%}
{%- set value = specs | selectattr("kind", "equalto", "value") | first -%}
{%- set as_of_us = epoch_us("as_of.as_of_tstamp") -%}
with points as (

    select
        domain_userid,
        {{ epoch_us("event_tstamp") }} as us,
        case
            when coalesce(event_id not like 'conversion:%', true)
                then {{ epoch_us("event_tstamp") }}
        end as event_us,
        {% if value -%} case when {{ is_order() }} then {{ order_amount() }} end
        {%- else -%} cast(null as {{ dbt.type_bigint() }})
        {%- endif %} as amount,
        null as moment_us
    from {{ events }}
    where domain_userid is not null
    {%- for ahead in ([0, iso_duration_us(value.horizon)] if value else [0]) %}

    union all

    select
        domain_userid,
        {{ epoch_us("as_of_tstamp") }} + {{ ahead }} as us,
        null as event_us,
        null as amount,
        {{ epoch_us("as_of_tstamp") }} as moment_us
    from {{ moments }}
    where domain_userid is not null
    {%- endfor %}

),

framed as (

    select
        domain_userid,
        us,
        moment_us,
        {{ frame_before("max(event_us)") }} as last_us,
        {{ frame_after("min(event_us)") }} as next_us,
        coalesce(sum(amount) over (
            partition by domain_userid order by us
            range between unbounded preceding and current row
        ), 0) as total
    from points

),

moments_ahead as (

    select
        domain_userid,
        moment_us,
        max(case when us = moment_us then last_us end) as last_us,
        max(case when us = moment_us then next_us end) as next_us,
        max(case when us > moment_us then total end)
        - max(case when us = moment_us then total end) as amount
    from framed
    where moment_us is not null
    group by domain_userid, moment_us

)

select
    moments_ahead.domain_userid,
    {{ timestamp_us("moments_ahead.moment_us") }} as as_of_tstamp
    {%- if churn %},
    case
        when
            {{ is_outcome_known("moments_ahead.moment_us", churn.horizon, as_of_us) }}
            and moments_ahead.last_us
            >= moments_ahead.moment_us - {{ iso_duration_us(churn.horizon) }}
            then coalesce(
                moments_ahead.next_us
                > moments_ahead.moment_us + {{ iso_duration_us(churn.horizon) }},
                true
            )
    end as {{ outcome_column(churn) }}
    {%- endif %}
    {%- if value %},
    case
        when {{ is_outcome_known("moments_ahead.moment_us", value.horizon, as_of_us) }}
            then greatest({{ in_unit("moments_ahead.amount", 1000000) }}, 0)
    end as {{ outcome_column(value) }}
    {%- endif %}
from moments_ahead
cross join {{ as_of }} as as_of
{%- endmacro %}

{% macro further_outcomes(specs) %}
    {{ return(specs | rejectattr("kind", "equalto", "conversion") | list) }}
{% endmacro %}

{% macro outcome_column_list(specs) %}
    {% set columns = ["conversions_ahead.*"] %}
    {% for spec in specs %}
        {% do columns.append("outcomes_ahead." ~ outcome_column(spec)) %}
    {% endfor %}
    {{ return(columns | join(",\n        ")) }}
{% endmacro %}
