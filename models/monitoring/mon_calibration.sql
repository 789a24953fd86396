with matured as (

    select * from {{ ref("mon_matured_scores") }}

),

cuts as (

    {% for cut, value in [
        ("all", "'all'"), ("label", "label"), ("decile", "cast(decile as " ~ dbt.type_string() ~ ")"),
    ] -%}
    {{ "union all " if not loop.first -}}
    select
        model_name,
        version,
        role,
        is_used,
        was_treated,
        subject_id,
        score,
        target,
        '{{ cut }}' as cut,
        {{ value }} as cut_value
    from matured
    {% endfor %}

),

final as (

    select
        model_name,
        version,
        role,
        is_used,
        was_treated,
        cut,
        cut_value,
        cast(count(*) as {{ dbt.type_bigint() }}) as num_scores,
        cast(count(distinct subject_id) as {{ dbt.type_bigint() }}) as num_subjects,
        cast(count(case when target then 1 end) as {{ dbt.type_bigint() }})
            as num_converted,
        avg(score) as mean_score,
        avg(cast(case when target then 1 else 0 end as double)) as realised_rate
    from cuts
    group by
        model_name,
        version,
        role,
        is_used,
        was_treated,
        cut,
        cut_value

)

select * from final
