{#- Features, target and fold of the subjects first seen in the training window.

    A subject hashes to one fold. Time is cut into three periods, one a fold, in the same
    order; a row is kept where its subject's fold is also its period's, and where its
    outcome falls wholly into that period. So no subject and no moment of time is shared
    between folds. Rows from a one-off conversion on are left out, as are rows whose
    outcome is not known yet. -#}
{% macro training_rows(features, targets, key, conversion, horizon) %}

{%- set day_us = 86400000000 -%}
{%- set window = var("training_window") -%}
{%- set horizon_us = iso_duration_us(horizon) -%}
{%- set known_us = horizon_us + iso_duration_us(var("late_arrival_allowance")) -%}
{%- set shares = var("fold_shares") -%}
{%- set periods = var("fold_periods") -%}
{%- set moment_us = epoch_us("labelled.as_of_tstamp") -%}
{%- set first_conversion = "first_" ~ conversion.name ~ "_tstamp" -%}

with features as (

    select * from {{ features }}

),

targets as (

    select * from {{ targets }}

),

prospects as (

    select * from {{ ref("tgt_prospect__first_conversion") }}

),

as_of as (

    select {{ epoch_us("as_of_tstamp") }} as as_of_us from {{ ref("as_of") }}

),

subjects as (

    select
        prospects.domain_userid,
        {{ epoch_us("prospects.first_seen_tstamp") }} as first_seen_us,
        {{ epoch_us("prospects." ~ first_conversion) }} as converted_us,
        {{ subject_fold("prospects.domain_userid", shares) }} as fold
    from prospects
    cross join as_of
    where
        {{ epoch_us("prospects.first_seen_tstamp") }}
        >= as_of.as_of_us - {{ (window[0] * day_us) | int }}
        and {{ epoch_us("prospects.first_seen_tstamp") }}
        < as_of.as_of_us - {{ (window[1] * day_us) | int }}

),

span as (

    select
        min(subjects.first_seen_us) as start_us,
        max(as_of.as_of_us) - {{ known_us }} as end_us
    from subjects
    cross join as_of

),

periods as (

    select
        start_us + (end_us - start_us) * {{ periods[0] }} as calibrate_us,
        start_us + (end_us - start_us) * {{ periods[0] + periods[1] }} as test_us
    from span

),

labelled as (

    select
        features.*,
        targets.{{ target_column(conversion, horizon) }} as target,
        subjects.fold
    from features
    inner join targets
        on {% for column in key %}features.{{ column }} = targets.{{ column }}
        {%- if not loop.last %} and {% endif %}{% endfor %}
    inner join subjects on features.domain_userid = subjects.domain_userid
    where
        targets.{{ target_column(conversion, horizon) }} is not null
        {%- if not conversion.repeatable %}
        and (
            subjects.converted_us is null
            or {{ epoch_us("features.as_of_tstamp") }} < subjects.converted_us
        )
        {%- endif %}

),

final as (

    select labelled.*
    from labelled
    cross join periods
    where
        case
            when {{ moment_us }} + {{ horizon_us }} < periods.calibrate_us then 'train'
            when
                {{ moment_us }} >= periods.calibrate_us
                and {{ moment_us }} + {{ horizon_us }} < periods.test_us
                then 'calibrate'
            when {{ moment_us }} >= periods.test_us then 'test'
        end = labelled.fold

)

select * from final

{% endmacro %}

{#- train, calibrate or test, by a hash of the subject: the same on every engine. -#}
{% macro subject_fold(subject, shares) %}
    {% set bucket = "substring(md5('fold' || " ~ subject ~ "), 1, 4)" %}
    {% set train = "%04x" % (shares[0] * 65536) | int %}
    {% set calibrate = "%04x" % ((shares[0] + shares[1]) * 65536) | int %}
    {{ return(
        "case when " ~ bucket ~ " < '" ~ train ~ "' then 'train' when " ~ bucket ~ " < '"
        ~ calibrate ~ "' then 'calibrate' else 'test' end"
    ) }}
{% endmacro %}
