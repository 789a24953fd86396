{#- Features, targets and fold of the subjects first seen in the training window, for the
    models of one base (`specs`).

    A subject hashes to one fold. Time is cut into three periods, one a fold, in the same
    order; a row has a fold where its subject's fold is also its period's, and where its
    outcome falls wholly into that period. So no subject and no moment of time is shared
    between the folds of a model. Where these folds judge a model (split `people_and_time`),
    rows without a fold are used only in the refit after the gate. A target is null from a
    one-off conversion on, and where its outcome is not known yet; a row where every target is
    null is left out. Above `max_training_rows`, subjects are
    sampled by their hash, unless Spark's workers fit the whole (`distributed_training`).

    first_conversions  a row per subject: first_seen_tstamp and, for each conversion,
               first_<conversion>_tstamp -#}
{% macro training_rows(specs, features, targets, key, first_conversions) %}

{%- set day_us = 86400000000 -%}
{%- set window = var("training_window") -%}
{%- set subject = specs[0].subject_column -%}
{%- set shares = var("fold_shares") -%}
{#- One a horizon. -#}
{%- set in_folds = [] -%}
{%- for spec in specs -%}
    {%- do in_folds.append(is_in_fold(spec)) if is_in_fold(spec) not in in_folds -%}
{%- endfor -%}

with features as (

    select * from {{ features }}

),

targets as (

    select * from {{ targets }}

),

first_conversions as (

    select * from {{ first_conversions }}

),

as_of as (

    select {{ epoch_us("as_of_tstamp") }} as as_of_us from {{ ref("as_of") }}

),

subjects as (

    select
        first_conversions.*,
        {{ epoch_us("first_conversions.first_seen_tstamp") }} as first_seen_us,
        {{ subject_fold("first_conversions." ~ subject, shares) }} as fold,
        row_number() over (
            order by md5('sample' || first_conversions.{{ subject }}), first_conversions.{{ subject }}
        ) as place,
        count(*) over () as n_subjects
    from first_conversions
    cross join as_of
    where
        {{ epoch_us("first_conversions.first_seen_tstamp") }}
        >= as_of.as_of_us - {{ (window[0] * day_us) | int }}
        and {{ epoch_us("first_conversions.first_seen_tstamp") }}
        < as_of.as_of_us - {{ (window[1] * day_us) | int }}

),

span as (

    select
        min(subjects.first_seen_us) as start_us,
        max(as_of.as_of_us) as as_of_us
    from subjects
    cross join as_of

),

periods as (

    select
        {%- for spec in specs %}
        {{ fold_period_start(spec, "calibrate") }} as {{ spec.target_column }}_calibrate_us,
        {{ fold_period_start(spec, "test") }} as {{ spec.target_column }}_test_us
        {{- "," if not loop.last }}
        {%- endfor %}
    from span

),

sizes as (

    select count(*) as n_rows
    from features
    inner join subjects on features.{{ subject }} = subjects.{{ subject }}

),

labelled as (

    select
        features.*,
        {%- for spec in specs %}
        case
            when
                {{ is_trained_on(spec, in_folds) | indent(16) }}
                then targets.{{ outcome_column(spec) }}
        end as {{ spec.target_column }},
        {%- endfor %}
        case when {{ in_folds | join(" or ") }} then subjects.fold end as fold,
        subjects.fold as subject_fold
    from features
    inner join targets
        on {% for column in key %}features.{{ column }} = targets.{{ column }}
        {%- if not loop.last %} and {% endif %}{% endfor %}
    inner join subjects on features.{{ subject }} = subjects.{{ subject }}
    cross join periods
    cross join sizes
    where {{ is_in_sample() }}

),

final as (

    select * from labelled
    where
        {% for spec in specs -%}
        {{ "or " if not loop.first }}{{ spec.target_column }} is not null
        {% endfor %}

)

select * from final

{% endmacro %}
