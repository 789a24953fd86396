{{ config(materialized="view") }}

with versions as (

    select * from {{ ref("propensity_versions") }}

),

final as (

    select
        model_name,
        version,
        trained_at,
        as_of_tstamp,
        definition_hash,
        decision_reason,
        kind,
        subject_column,
        base_rate,
        high_from_score,
        medium_from_score
    from versions
    where standing = 'champion'

)

select * from final
