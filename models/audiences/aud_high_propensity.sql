{{ config(
    schema=var("audience_schema"),
    grants=audience_grants(),
    contract=audience_contract(),
) }}

with prospects as (

    select * from {{ ref("aud_prospects") }}

),

final as (

    select * from prospects
    where propensity_label = 'High' or first_touch_label = 'High'

)

select * from final
