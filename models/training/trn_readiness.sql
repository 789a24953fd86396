{%- set conversion = conversions()[0] -%}
{%- set first_conversion = "first_" ~ conversion.name ~ "_tstamp" -%}

with prospects as (

    select
        count({{ first_conversion }}) as n_converters,
        min(first_seen_tstamp) as first_seen_tstamp
    from {{ ref("tgt_prospect__first_conversion") }}

),

training_rows as (

    select
        'live' as model_name,
        domain_userid,
        fold,
        case when target then domain_userid end as converting_subject,
        case when not target then domain_userid end as other_subject
    from {{ ref("trn_live") }}

    union all

    select
        'daily' as model_name,
        domain_userid,
        fold,
        case when target then domain_userid end as converting_subject,
        case when not target then domain_userid end as other_subject
    from {{ ref("trn_daily") }}

),

model_folds as (

    {{ model_folds() }}

),

fold_counts as (

    select
        model_folds.model_name,
        model_folds.horizon,
        model_folds.fold,
        model_folds.n_asked,
        count(training_rows.domain_userid) as n_rows,
        count(distinct training_rows.domain_userid) as n_subjects,
        count(distinct training_rows.converting_subject) as n_converting_subjects,
        count(distinct training_rows.other_subject) as n_other_subjects
    from model_folds
    left join training_rows
        on
            model_folds.model_name = training_rows.model_name
            and model_folds.fold = training_rows.fold
    group by
        model_folds.model_name,
        model_folds.horizon,
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
        horizon,
        sum(n_rows) as n_rows,
        sum(n_subjects) as n_subjects,
        sum(n_converting_subjects) as n_converting_subjects
    from fold_counts
    group by model_name, horizon

),

final as (

    select
        totals.model_name,
        cast(totals.n_rows as {{ dbt.type_bigint() }}) as n_rows,
        cast(totals.n_subjects as {{ dbt.type_bigint() }}) as n_subjects,
        cast(totals.n_converting_subjects as {{ dbt.type_bigint() }})
            as n_converting_subjects,
        {{ not_trained_reason(conversion) }} as not_trained_reason,
        '{{ definition_hash() }}' as definition_hash
    from totals
    cross join prospects
    left join lacking on totals.model_name = lacking.model_name and lacking.place = 1

)

select * from final
