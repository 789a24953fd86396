with models as (

    {{ readiness_model_rows(ref("stg_snowplow__events")) }}

),

splits as (

    select * from {{ ref("trn_splits") }}

),

possible as (

    select
        model_name,
        min(place) as place
    from splits
    where
        lacking_fold is null
        and n_subjects >= {{ var("min_training_subjects") }}
    group by model_name

),

final as (

    select
        models.model_name,
        models.kind,
        models.training_table,
        models.target_column,
        models.subject_column,
        chosen.n_rows,
        chosen.n_subjects,
        chosen.n_converting_subjects,
        case when possible.place is not null then chosen.split end as split,
        case
            when possible.place is not null
                then {{ split_reason("chosen", "strictest") }}
        end as split_reason,
        case when possible.place is not null then chosen.train_until_tstamp end
            as train_until_tstamp,
        case when possible.place is not null then chosen.test_from_tstamp end
            as test_from_tstamp,
        {{ not_trained_reason("chosen") }} as not_trained_reason,
        models.definition_hash,
        models.outcome_hash,
        models.feature_hashes,
        {{ ml_asked_for() }} as ml_sha256
    from models
    left join possible on models.model_name = possible.model_name
    inner join splits as chosen
        on
            models.model_name = chosen.model_name
            and coalesce(possible.place, {{ split_names() | length }}) = chosen.place
    inner join splits as strictest
        on models.model_name = strictest.model_name and strictest.place = 1

)

select * from final
