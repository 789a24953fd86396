{#- Scores whose outcome is known by now, each once: the outcome as it was known when it
    matured, by the same SQL that labels training rows. Conversions of visitors only, and
    only scores that predict what is labelled now: mon_unlabelled_scores counts the others. -#}
{{ config(
    materialized="incremental", incremental_strategy="append", full_refresh=false,
    on_schema_change="append_new_columns",
) }}

{%- set specs = conversion_specs("daily") -%}
{%- set horizon_us = iso_duration_us(specs[0].horizon) -%}
{%- set known_us = outcome_known_after_us(specs[0].horizon) -%}
{%- set knows_outcomes = "outcome_hash" in columns_built() -%}

with history as (

    select * from {{ ref("propensity_score_history") }}

),

as_of as (

    select * from {{ ref("as_of") }}

),

events as (

    {{ subject_events(ref("stg_snowplow__events")) }}

),

events_and_conversions as (

    select * from events
    {{- conversions_as_events() }}

),

models as (

    {{ defined_models() }}

),

-- By outcome: what was asked before, and is asked again, is due.
matured as (

    select
        model_name,
        outcome_hash,
        max(as_of_tstamp) as as_of_tstamp
    from {{ this if knows_outcomes else "history" }}
    {{ "where false" if not knows_outcomes }}
    group by model_name, outcome_hash

),

due as (

    select history.*
    from history
    inner join models
        on
            history.model_name = models.model_name
            and history.outcome_hash = models.outcome_hash
    cross join as_of
    left join matured
        on
            history.model_name = matured.model_name
            and history.outcome_hash = matured.outcome_hash
    where
        history.kind = 'conversion'
        and history.horizon = '{{ specs[0].horizon }}'
        and {{ epoch_us("history.as_of_tstamp") }} + {{ known_us }}
        <= {{ epoch_us("as_of.as_of_tstamp") }}
        and coalesce(history.as_of_tstamp > matured.as_of_tstamp, true)

),

-- What followed is not known of a visitor whose events were erased.
moments as (

    select distinct
        subject_id as domain_userid,
        as_of_tstamp
    from due
    where subject_id in (select events.domain_userid from events)

),

outcomes as (

    {{ point_in_time_targets(
        conversions(), specs[0].horizon, events="events_and_conversions", as_of="as_of",
        moments="moments"
    ) }}

),

first_treated as (

    select
        subject_id,
        min(as_of_tstamp) as treated_tstamp
    from history
    where is_treated
    group by subject_id

),

labelled as (

    select
        due.model_name,
        due.version,
        due.subject_id,
        due.as_of_tstamp,
        due.role,
        due.is_used,
        due.score,
        due.decile,
        due.label,
        coalesce(
            {{ epoch_us("first_treated.treated_tstamp") }}
            <= {{ epoch_us("due.as_of_tstamp") }} + {{ horizon_us }},
            false
        ) as was_treated,
        case due.model_name
            {%- for spec in specs %}
            when '{{ spec.model_name }}' then outcomes.{{ outcome_column(spec) }}
            {%- endfor %}
        end as target,
        due.outcome_hash
    from due
    inner join outcomes
        on
            due.subject_id = outcomes.domain_userid
            and due.as_of_tstamp = outcomes.as_of_tstamp
    left join first_treated on due.subject_id = first_treated.subject_id

),

final as (

    select * from labelled
    where target is not null

)

select * from final
