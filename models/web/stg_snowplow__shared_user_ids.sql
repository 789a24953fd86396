{#- Named whichever source is used, so that the graph stays the same. -#}
{%- do ref("web_user_mapping") -%}

with seen as (

    {{ seen_user_ids() }}

),

final as (

    select
        user_id,
        count(*) as num_visitors
    from seen
    group by user_id
    having count(*) > {{ var("max_visitors_per_user_id") or "9999999999" }}

)

select * from final
