{{ config(materialized="view") }}

with versions as (

    select * from {{ ref("propensity_models") }}

),

ranked as (

    select
        *,
        row_number() over (
            partition by model_name order by trained_at desc, version desc
        ) as recency
    from versions
    where decision = 'champion'

),

final as (

    select
        model_name,
        version,
        trained_at,
        as_of_tstamp,
        definition_hash,
        decision_reason
    from ranked
    where recency = 1

)

select * from final
