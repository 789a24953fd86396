{{ config(
    schema=var("audience_schema"),
    grants=audience_grants(),
    contract=audience_contract(),
) }}

with people as (

    select * from {{ ref("aud_people") }}

),

final as (

    select * from people
    {%- if not conversions()[0].repeatable %}
    -- A one-off conversion has nothing left to be won, but another may.
    where not has_converted{{ or_open_for_another() }}
    {%- endif %}

)

select * from final
