with models as (

    {{ model_rows(ref("stg_snowplow__events")) }}

),

training_rows as (

    {{ training_rows_by_model() }}

),

model_folds as (

    {{ model_folds() }}

),

fold_counts as (

    select
        model_folds.model_name,
        model_folds.fold,
        model_folds.n_asked,
        count(training_rows.subject_id) as n_rows,
        count(distinct training_rows.subject_id) as n_subjects,
        count(distinct training_rows.converting_subject) as n_converting_subjects,
        count(distinct training_rows.other_subject) as n_other_subjects
    from model_folds
    left join training_rows
        on
            model_folds.model_name = training_rows.model_name
            and model_folds.fold = training_rows.fold
    group by
        model_folds.model_name,
        model_folds.fold,
        model_folds.n_asked

),

lacking as (

    select
        *,
        row_number() over (
            partition by model_name
            order by least(n_converting_subjects, n_other_subjects), fold
        ) as place
    from fold_counts
    where n_converting_subjects < n_asked or n_other_subjects < n_asked

),

-- A subject lies in one fold only, so subjects add up.
totals as (

    select
        model_name,
        sum(n_rows) as n_rows,
        sum(n_subjects) as n_subjects,
        sum(n_converting_subjects) as n_converting_subjects
    from fold_counts
    group by model_name

),

final as (

    select
        models.model_name,
        models.kind,
        models.training_table,
        models.target_column,
        models.subject_column,
        cast(totals.n_rows as {{ dbt.type_bigint() }}) as n_rows,
        cast(totals.n_subjects as {{ dbt.type_bigint() }}) as n_subjects,
        cast(totals.n_converting_subjects as {{ dbt.type_bigint() }})
            as n_converting_subjects,
        {{ not_trained_reason() }} as not_trained_reason,
        models.definition_hash,
        models.outcome_hash,
        models.feature_hashes,
        {{ ml_asked_for() }} as ml_sha256
    from models
    inner join totals on models.model_name = totals.model_name
    left join lacking on models.model_name = lacking.model_name and lacking.place = 1

)

select * from final
