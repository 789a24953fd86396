{%- set bigint = dbt.type_bigint() -%}

with training_rows as (

    {{ training_rows_by_model() }}

),

cuts as (

    {{ cuts_in_time("training_rows") }}

),

by_split as (

    {{ rows_by_split("training_rows", "cuts") }}

),

subjects as (

    select
        model_name,
        split,
        fold,
        subject_id,
        count(*) as n_rows,
        max(happened) as converts,
        1 - min(happened) as does_not
    from by_split
    where fold is not null
    group by
        model_name,
        split,
        fold,
        subject_id

),

folds_asked as (

    {{ folds_asked() }}

),

fold_counts as (

    select
        asked.model_name,
        asked.split,
        asked.place,
        asked.fold,
        asked.n_asked,
        count(subjects.subject_id) as n_subjects,
        coalesce(sum(subjects.converts), 0) as n_converting_subjects,
        coalesce(sum(subjects.does_not), 0) as n_other_subjects
    from folds_asked as asked
    left join subjects
        on
            asked.model_name = subjects.model_name
            and asked.split = subjects.split
            and asked.fold = subjects.fold
    group by
        asked.model_name,
        asked.split,
        asked.place,
        asked.fold,
        asked.n_asked

),

lacking as (

    select
        *,
        row_number() over (
            partition by model_name, split
            order by least(n_converting_subjects, n_other_subjects), fold
        ) as nth
    from fold_counts
    where n_converting_subjects < n_asked or n_other_subjects < n_asked

),

-- In later time, a subject may be in two folds.
totals as (

    select
        model_name,
        split,
        sum(n_rows) as n_rows,
        count(distinct subject_id) as n_subjects,
        count(distinct case when converts = 1 then subject_id end)
            as n_converting_subjects
    from subjects
    group by
        model_name,
        split

),

asked_splits as (

    select distinct
        model_name,
        split,
        place
    from folds_asked

),

final as (

    select
        asked.model_name,
        asked.split,
        cast(asked.place as {{ bigint }}) as place,
        cast(coalesce(totals.n_rows, 0) as {{ bigint }}) as n_rows,
        cast(coalesce(totals.n_subjects, 0) as {{ bigint }}) as n_subjects,
        cast(coalesce(totals.n_converting_subjects, 0) as {{ bigint }})
            as n_converting_subjects,
        lacking.fold as lacking_fold,
        cast(lacking.n_converting_subjects as {{ bigint }}) as lacking_converting,
        cast(lacking.n_other_subjects as {{ bigint }}) as lacking_other,
        cast(lacking.n_asked as {{ bigint }}) as lacking_asked,
        case
            when asked.split = 'time' then {{ timestamp_us("cuts.train_until_us") }}
        end as train_until_tstamp,
        case
            when asked.split = 'time' then {{ timestamp_us("cuts.test_from_us") }}
        end as test_from_tstamp
    from asked_splits as asked
    left join totals
        on asked.model_name = totals.model_name and asked.split = totals.split
    left join lacking
        on
            asked.model_name = lacking.model_name
            and asked.split = lacking.split
            and lacking.nth = 1
    left join cuts on asked.model_name = cuts.model_name

)

select * from final
