{#- What was published, once a day of as_of, and who was treated at that time. Rows are
    only ever added: a second build of the same day, or of an earlier one, adds none. -#}
{{ config(
    materialized="incremental",
    incremental_strategy="append",
    on_schema_change="append_new_columns",
    full_refresh=false,
) }}

with scores as (

    select * from {{ ref("propensity_scores") }}
    -- Of those to whom the outcome can still happen.
    where
        is_open
        and {{ is_in_share("subject_id", var("score_history_share"), "history") }}

),

-- A version's outcome, and none that its model is not asked now: its horizon is the
-- version's then. Scores that stayed as they were have been kept already.
versions as (

    select
        model_name,
        version,
        horizon,
        outcome_hash
    from {{ ref("propensity_versions") }}
    where predicts_the_same and standing <> 'kept'

),

members as (

    {% for audience in var("treated_audiences") -%}
    {{ "union " if not loop.first -}}
    select audience_key from {{ ref(audience) }}
    {% else -%}
    select {{ text_null() }} as audience_key
    {% endfor %}

),

-- A member is a person; their visitors are treated with them.
treated as (

    select audience_key as subject_id from members
    union distinct
    select user_mapping.domain_userid as subject_id
    from {{ ref("stg_snowplow__user_mapping") }} as user_mapping
    inner join members on user_mapping.user_id = members.audience_key

),

{% if is_incremental() -%}
kept as (

    select
        model_name,
        max(as_of_tstamp) as as_of_tstamp
    from {{ this }}
    group by model_name

),

{% endif -%}
final as (

    select
        scores.model_name,
        scores.version,
        scores.subject_id,
        scores.as_of_tstamp,
        scores.kind,
        versions.horizon,
        scores.role,
        scores.is_used,
        scores.score,
        scores.decile,
        scores.label,
        treated.subject_id is not null as is_treated,
        versions.outcome_hash
    from scores
    inner join versions
        on
            scores.model_name = versions.model_name
            and scores.version = versions.version
    left join treated on scores.subject_id = treated.subject_id
    {%- if is_incremental() %}
    left join kept on scores.model_name = kept.model_name
    where
        kept.as_of_tstamp is null
        or cast(scores.as_of_tstamp as date) > cast(kept.as_of_tstamp as date)
    {%- endif %}

)

select * from final
