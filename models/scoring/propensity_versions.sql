{#- A version belongs to a definition: one that predicts something else than its model
    is asked now, or that reads features of other definitions, does not score. -#}
{{ config(materialized="view") }}

{%- set champion = "decision = 'champion' and is_defined" -%}
{#- each feature's hash has one colon -#}
{%- set num_features = "length(versions.feature_hashes) - "
    ~ "length(replace(versions.feature_hashes, ':', ''))" -%}
{%- set place = dbt.position("features.feature_token", "versions.feature_hashes") -%}

with versions as (

    select * from {{ ref("propensity_models") }}

),

models as (

    {{ defined_models() }}

),

features as (

    {{ defined_features() }}

),

-- How many of the features that a version reads are defined as they were.
unchanged as (

    select
        versions.model_name,
        versions.version,
        count(features.feature_token) as num_unchanged
    from versions
    inner join models on versions.model_name = models.model_name
    inner join features on models.base = features.base and {{ place }} > 0
    group by versions.model_name, versions.version

),

compared as (

    select
        versions.model_name,
        versions.version,
        versions.trained_at,
        versions.as_of_tstamp,
        versions.decision,
        versions.decision_reason,
        versions.definition_hash,
        versions.outcome_hash,
        versions.base_rate,
        models.kind,
        models.subject_column,
        models.horizon,
        {{ num_features }} as num_features,
        models.model_name is not null as is_configured,
        coalesce(versions.outcome_hash = models.outcome_hash, false)
            as predicts_the_same,
        {{ num_features }} - coalesce(unchanged.num_unchanged, 0)
            as num_changed_features
    from versions
    left join models on versions.model_name = models.model_name
    left join unchanged
        on
            versions.model_name = unchanged.model_name
            and versions.version = unchanged.version

),

defined as (

    select
        *,
        predicts_the_same and num_changed_features = 0 as is_defined
    from compared

),

ranked as (

    select
        *,
        count(case when {{ champion }} then 1 end) over (partition by model_name)
            as num_champions,
        max(case when {{ champion }} then trained_at end) over (partition by model_name)
            as champion_trained_at,
        row_number() over (
            partition by model_name, decision, is_defined
            order by trained_at desc, version desc
        ) as recency,
        row_number() over (
            partition by model_name, decision, predicts_the_same
            order by trained_at desc, version desc
        ) as recency_of_outcome
    from defined

),

placed as (

    select
        *,
        case
            when not is_configured then 'not configured'
            when decision = 'rejected' then 'rejected'
            when not predicts_the_same then 'retired'
            when {{ champion }} and recency = 1 then 'champion'
            when
                not is_defined and decision = 'champion'
                and num_champions = 0 and recency_of_outcome = 1
                then 'kept'
            when not is_defined then 'retired'
            when
                decision = 'challenger' and recency = 1
                and trained_at > champion_trained_at
                then 'challenger'
            else 'replaced'
        end as standing
    from ranked

),

final as (

    select
        model_name,
        version,
        trained_at,
        as_of_tstamp,
        decision,
        decision_reason,
        definition_hash,
        outcome_hash,
        kind,
        subject_column,
        horizon,
        predicts_the_same,
        cast(num_changed_features as {{ dbt.type_bigint() }}) as num_changed_features,
        standing,
        {{ standing_reason() }} as standing_reason,
        base_rate,
        {{ label_start_list() }}
    from placed

)

select * from final
