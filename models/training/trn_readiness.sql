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

-- Why a model cannot be trained, or not be judged more strictly.
coded as (

    select
        models.*,
        possible.place is not null as is_possible,
        chosen.n_rows,
        chosen.n_subjects,
        chosen.n_converting_subjects,
        chosen.lacking_fold,
        chosen.lacking_converting,
        chosen.lacking_other,
        chosen.lacking_asked,
        strictest.n_subjects as strictest_n_subjects,
        strictest.lacking_fold as strictest_lacking_fold,
        strictest.lacking_converting as strictest_lacking_converting,
        strictest.lacking_other as strictest_lacking_other,
        strictest.lacking_asked as strictest_lacking_asked,
        chosen.train_until_tstamp,
        chosen.test_from_tstamp,
        case when possible.place is not null then chosen.split end as split,
        case when possible.place is not null then {{ split_code() }} end as split_code,
        {{ not_trained_code() }} as not_trained_code
    from models
    left join possible on models.model_name = possible.model_name
    inner join splits as chosen
        on
            models.model_name = chosen.model_name
            and coalesce(possible.place, {{ split_names() | length }}) = chosen.place
    inner join splits as strictest
        on models.model_name = strictest.model_name and strictest.place = 1

),

final as (

    select
        model_name,
        kind,
        training_table,
        target_column,
        subject_column,
        n_rows,
        n_subjects,
        n_converting_subjects,
        split,
        split_code,
        {{ split_reason() }} as split_reason,
        case when is_possible then train_until_tstamp end as train_until_tstamp,
        case when is_possible then test_from_tstamp end as test_from_tstamp,
        not_trained_code,
        {{ not_trained_why() }}
        || coalesce(' ' || {{ not_trained_advice() }}, '') as not_trained_reason,
        {{ not_trained_advice() }} as not_trained_advice,
        definition_hash,
        outcome_hash,
        feature_hashes,
        {{ ml_asked_for() }} as ml_sha256
    from coded

)

select * from final
