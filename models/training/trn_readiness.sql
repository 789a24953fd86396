{%- set conversion = conversions()[0] -%}
{%- set least = var("min_converting_subjects") -%}

with prospects as (

    select
        count(*) as n_prospects,
        count(first_{{ conversion.name }}_tstamp) as n_converters,
        min(first_seen_tstamp) as first_seen_tstamp
    from {{ ref("tgt_prospect__first_conversion") }}

),

rows_by_model as (

    {% for model_name in ["live", "daily"] -%}
    select
        '{{ model_name }}' as model_name,
        domain_userid,
        fold,
        target
    from {{ ref("trn_" ~ model_name) }}
    {{ "union all" if not loop.last }}
    {% endfor %}

),

model_names as (

    {% for model_name in ["live", "daily"] -%}
    select
        '{{ model_name }}' as model_name,
        '{{ var(model_name ~ "_horizon") }}' as horizon
    {{ "union all" if not loop.last }}
    {% endfor %}

),

counted as (

    select
        model_name,
        count(*) as n_rows,
        count(distinct domain_userid) as n_subjects,
        {%- for fold in ["train", "calibrate", "test"] %}
        count(case when fold = '{{ fold }}' then 1 end) as n_{{ fold }}_rows,
        count(
            distinct case when fold = '{{ fold }}' and target then domain_userid end
        ) as n_{{ fold }}_converting_subjects,
        count(
            distinct case when fold = '{{ fold }}' and not target then domain_userid end
        ) as n_{{ fold }}_other_subjects,
        {%- endfor %}
        count(distinct case when target then domain_userid end)
            as n_converting_subjects
    from rows_by_model
    group by model_name

),

final as (

    select
        model_names.model_name,
        coalesce(counted.n_rows, 0) as n_rows,
        coalesce(counted.n_subjects, 0) as n_subjects,
        coalesce(counted.n_converting_subjects, 0) as n_converting_subjects,
        {%- for fold in ["train", "calibrate", "test"] %}
        coalesce(counted.n_{{ fold }}_rows, 0) as n_{{ fold }}_rows,
        coalesce(counted.n_{{ fold }}_converting_subjects, 0)
            as n_{{ fold }}_converting_subjects,
        {%- endfor %}
        case
            when prospects.n_converters = 0
                then
                    'No event is a {{ conversion.name }}. Set var conversion_events, or '
                    || 'conversions, to events that occur in stg_snowplow__events.'
            when coalesce(counted.n_rows, 0) = 0
                then
                    'No training rows: of the subjects first seen between '
                    || '{{ var("training_window")[0] }} and '
                    || '{{ var("training_window")[1] }} days before as_of, none has an '
                    || 'outcome over ' || model_names.horizon || ' that is known by now. '
                    || 'The first event kept is of '
                    || cast(prospects.first_seen_tstamp as {{ dbt.type_string() }})
                    || '. Widen var training_window, shorten the horizon, or bring '
                    || 'more history.'
            when counted.n_subjects < {{ var("min_training_subjects") }}
                then
                    'Too few subjects: '
                    || cast(counted.n_subjects as {{ dbt.type_string() }})
                    || ' of the {{ var("min_training_subjects") }} asked for. Widen var '
                    || 'training_window, bring more history, or lower var '
                    || 'min_training_subjects.'
            {%- for fold in ["train", "calibrate", "test"] %}
            {%- set asked = least if fold == "train" else [least, 5] | min %}
            when
                counted.n_{{ fold }}_converting_subjects < {{ asked }}
                or counted.n_{{ fold }}_other_subjects < {{ asked }}
                then
                    'Too few of one class in the {{ fold }} fold: '
                    || cast(
                        counted.n_{{ fold }}_converting_subjects
                        as {{ dbt.type_string() }}
                    )
                    || ' subjects that convert and '
                    || cast(
                        counted.n_{{ fold }}_other_subjects as {{ dbt.type_string() }}
                    )
                    || ' others; {{ asked }} of each are asked for. Widen var '
                    || 'training_window, e.g. to start earlier or to end nearer as_of, '
                    || 'or bring more history.'
            {%- endfor %}
        end as not_trained_reason,
        '{{ definition_hash() }}' as definition_hash
    from model_names
    cross join prospects
    left join counted on model_names.model_name = counted.model_name

)

select * from final
