{#- What audiences say of a score. It moves with the visitor, not with the clock: while
    they do nothing new, score, decile and reasons stay as they were published until the
    label changes, or the score has moved by a step (is_score_step()). Another definition of
    the outcome publishes all again. propensity_scores has the exact ones. -#}
{%- set held = [
    "version", "as_of_tstamp", "score", "decile", "reason_1", "reason_2", "reason_3",
] -%}
{%- set keys = ["model_name", "subject_id", "label", "behaviour", "outcome_hash"] -%}
{%- set before = own_rows_before(held + keys) %}

with scores as (

    select * from {{ ref("propensity_scores") }}
    where is_used and is_open

),

versions as (

    select
        model_name,
        version,
        coalesce(outcome_hash, '') as outcome_hash
    from {{ ref("propensity_models") }}

),

visitors as (

    select * from {{ ref("visitor_profiles") }}

),

-- A first visit is over: nothing new can happen in it.
behaved as (

    select
        scores.*,
        versions.outcome_hash,
        scores.score / nullif(scores.lift, 0) as base_rate,
        case
            when scores.model_name in ({{ text_literals(
                propensity_model_specs("first_touch") | map(attribute="model_name")
            ) }})
                then cast(
                    {{ epoch_us("scores.as_of_tstamp") }} as {{ dbt.type_string() }}
                )
            else visitors.behaviour
        end as behaviour
    from scores
    left join versions
        on
            scores.model_name = versions.model_name
            and scores.version = versions.version
    left join visitors on scores.subject_id = visitors.domain_userid

),

kept as (

    {% if before is none -%}
    select * from behaved
    where false
    {%- else -%}
    select published.*
    from {{ before }} as published
    inner join behaved
        on
            published.model_name = behaved.model_name
            and published.subject_id = behaved.subject_id
    where
        published.label = behaved.label
        and published.behaviour = behaved.behaviour
        and published.outcome_hash = behaved.outcome_hash
        and not {{ is_score_step(
            "behaved.score", "published.score", "behaved.base_rate", "behaved.kind"
        ) }}
    {%- endif %}

),

final as (

    select
        behaved.model_name,
        behaved.subject_id,
        behaved.kind,
        behaved.label,
        behaved.behaviour,
        {%- for name in held %}
        case
            when kept.subject_id is not null then kept.{{ name }}
            else behaved.{{ name }}
        end as {{ name }},
        {%- endfor %}
        behaved.outcome_hash
    from behaved
    left join kept
        on
            behaved.model_name = kept.model_name
            and behaved.subject_id = kept.subject_id

)

select * from final
