{%- set outcomes = further_outcomes(propensity_model_specs("daily")) -%}

with events as (

    {{ subject_events(ref("stg_snowplow__events")) }}

),

events_and_conversions as (

    select * from events
    {{- conversions_as_events() }}

),

as_of as (

    select * from {{ ref("as_of") }}

),

moments as (

    select
        domain_userid,
        as_of_tstamp
    from {{ ref("feat_visitor__asof_day") }}

),

conversions_ahead as (

    {{ point_in_time_targets(
        conversions(), var("daily_horizon"), events="events_and_conversions",
        as_of="as_of", moments="moments"
    ) }}

),

{% if outcomes -%}
outcomes_ahead as (

    {{ outcomes_ahead(
        outcomes, events="events_and_conversions", moments="moments", as_of="as_of"
    ) }}

),

{% endif -%}
final as (

    select
        {{ outcome_column_list(outcomes) }}
    from conversions_ahead
    {%- if outcomes %}
    left join outcomes_ahead
        on
            conversions_ahead.domain_userid = outcomes_ahead.domain_userid
            and conversions_ahead.as_of_tstamp = outcomes_ahead.as_of_tstamp
    {%- endif %}

)

select * from final
