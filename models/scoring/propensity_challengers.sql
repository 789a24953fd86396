{#- Registered after its champion: a rollback, or a promotion, leaves none. -#}
{{ config(materialized="view") }}

with versions as (

    select * from {{ ref("propensity_versions") }}

),

champions as (

    select * from {{ ref("propensity_champions") }}

),

final as (

    select
        versions.model_name,
        versions.version,
        versions.trained_at,
        versions.as_of_tstamp,
        versions.definition_hash,
        versions.decision_reason,
        champions.version as champion_version,
        champions.kind,
        champions.subject_column
    from versions
    inner join champions on versions.model_name = champions.model_name
    where versions.standing = 'challenger'

)

select * from final
