{#- Registered after its champion: a rollback, or a promotion, leaves none. -#}
{{ config(materialized="view") }}

with versions as (

    select * from {{ ref("propensity_models") }}

),

champions as (

    select * from {{ ref("propensity_champions") }}

),

ranked as (

    select
        versions.*,
        champions.version as champion_version,
        champions.kind as champion_kind,
        champions.subject_column,
        row_number() over (
            partition by versions.model_name
            order by versions.trained_at desc, versions.version desc
        ) as recency
    from versions
    inner join champions on versions.model_name = champions.model_name
    where
        versions.decision = 'challenger'
        and versions.trained_at > champions.trained_at

),

final as (

    select
        model_name,
        version,
        trained_at,
        as_of_tstamp,
        definition_hash,
        decision_reason,
        champion_version,
        champion_kind as kind,
        subject_column
    from ranked
    where recency = 1

)

select * from final
