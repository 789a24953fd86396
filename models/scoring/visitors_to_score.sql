{{ config(materialized="view") }}

with features as (

    select * from {{ ref("feat_visitor__current") }}

),

first_conversions as (

    select * from {{ ref("tgt_visitor__first_conversion") }}

),

final as (

    select
        features.*,
        {{ is_outcome_open_list(propensity_model_specs("daily")) }}
    from features
    inner join first_conversions
        on features.domain_userid = first_conversions.domain_userid

)

select * from final
