{#- Kept scores that nothing is compared with: their outcome is not asked any more. -#}

with history as (

    select * from {{ ref("propensity_score_history") }}

),

matured as (

    select
        model_name,
        version,
        subject_id,
        as_of_tstamp
    from {{ ref("mon_matured_scores") }}

),

models as (

    {{ defined_models() }}

),

final as (

    select
        history.model_name,
        history.version,
        {{ unlabelled_reason() }} as reason,
        min(history.as_of_tstamp) as first_as_of_tstamp,
        max(history.as_of_tstamp) as last_as_of_tstamp,
        cast(count(*) as {{ dbt.type_bigint() }}) as num_scores
    from history
    left join models on history.model_name = models.model_name
    left join matured
        on
            history.model_name = matured.model_name
            and history.version = matured.version
            and history.subject_id = matured.subject_id
            and history.as_of_tstamp = matured.as_of_tstamp
    where
        history.kind = 'conversion'
        and (history.model_name = 'daily' or history.model_name like 'daily__%')
        and coalesce(history.outcome_hash <> models.outcome_hash, true)
        and matured.model_name is null
    group by
        history.model_name,
        history.version,
        {{ unlabelled_reason() }}

)

select * from final
