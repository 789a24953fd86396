{{ config(grants=audience_grants()) }}

with prospects as (

    select * from {{ ref("aud_prospects") }}

),

final as (

    select * from prospects
    where propensity_label = 'High'

)

select * from final
