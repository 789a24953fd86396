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
        base_rate
        * ({{ label_lift(var("label_high_lift"), "base_rate", "kind") }}) as high_from_score,
        base_rate
        * ({{ label_lift(var("label_medium_lift"), "base_rate", "kind") }})
            as medium_from_score
    from versions
    where standing = 'champion'

)

select * from final
