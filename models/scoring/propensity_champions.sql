{{ config(materialized="view") }}

with versions as (

    select * from {{ ref("propensity_models") }}

),

-- What is no longer configured does not score.
configured as (

    {% for spec in propensity_model_specs() -%}
    {{ "union all " if not loop.first -}}
    select
        '{{ spec.model_name }}' as model_name,
        '{{ spec.kind }}' as kind,
        '{{ spec.subject_column }}' as subject_column
    {% endfor %}

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
        ranked.model_name,
        ranked.version,
        ranked.trained_at,
        ranked.as_of_tstamp,
        ranked.definition_hash,
        ranked.decision_reason,
        configured.kind,
        configured.subject_column
    from ranked
    inner join configured on ranked.model_name = configured.model_name
    where ranked.recency = 1

)

select * from final
