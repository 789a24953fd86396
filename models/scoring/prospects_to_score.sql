{{ config(materialized="view") }}

with features as (

    select * from {{ ref("feat_prospect__current") }}

),

prospects as (

    select * from {{ ref("tgt_prospect__first_conversion") }}

),

final as (

    select
        features.*,
        {{ is_open_list(propensity_model_specs("daily")) }}
    from features
    inner join prospects on features.domain_userid = prospects.domain_userid

)

select * from final
