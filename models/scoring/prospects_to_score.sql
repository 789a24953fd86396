{{ config(materialized="view") }}

{%- set specs = propensity_model_specs("daily") -%}

with features as (

    select * from {{ ref("feat_prospect__current") }}

),

prospects as (

    select * from {{ ref("tgt_prospect__first_conversion") }}

),

final as (

    select
        features.*,
        {%- for spec in specs %}
        {{ is_open(spec) }} as is_open__{{ spec.model_name }}
        {{- "," if not loop.last }}
        {%- endfor %}
    from features
    inner join prospects on features.domain_userid = prospects.domain_userid

)

select * from final
