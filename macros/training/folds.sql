{#- When a fold's period begins: the time from the first subject to the last moment whose
    outcome is known, cut by `fold_periods`. -#}
{% macro fold_period_start(spec, fold) %}
    {% set periods = var("fold_periods") %}
    {% set share = periods[0] if fold == "calibrate" else periods[0] + periods[1] %}
    {% set sql -%}
    start_us + (as_of_us - {{ outcome_known_after_us(spec.horizon) }} - start_us) * {{ share }}
    {%- endset %}
    {{ return(sql) }}
{% endmacro %}

{#- Do the row and its outcome lie in the period of its subject's fold? -#}
{% macro is_in_fold(spec) %}
    {% set moment_us = epoch_us("features.as_of_tstamp") %}
    {% set until_us = moment_us ~ " + " ~ iso_duration_us(spec.horizon) %}
    {% set specs = propensity_model_specs(spec.base) %}
    {% set like = specs | selectattr("horizon", "equalto", spec.horizon) | first %}
    {% set period = "periods." ~ like.target_column %}
    {% set sql -%}
    coalesce(
        case
            when {{ until_us }} < {{ period }}_calibrate_us then 'train'
            when
                {{ moment_us }} >= {{ period }}_calibrate_us
                and {{ until_us }} < {{ period }}_test_us
                then 'calibrate'
            when {{ moment_us }} >= {{ period }}_test_us then 'test'
        end = subjects.fold,
        false
    )
    {%- endset %}
    {{ return(sql) }}
{% endmacro %}

{#- Does the row come before any one-off conversion? Where horizons differ, a row in the
    fold of one target only does not train the others. -#}
{% macro is_trained_on(spec, in_folds) %}
    {% set conditions = [] %}
    {% if spec.kind == "conversion" and not conversion_named(spec.conversion).repeatable %}
        {% set converted = "subjects.first_" ~ spec.conversion ~ "_tstamp" %}
        {% set is_before -%}
        ({{ converted }} is null or features.as_of_tstamp < {{ converted }})
        {%- endset %}
        {% do conditions.append(is_before) %}
    {% endif %}
    {% if in_folds | length > 1 %}
        {% set trains_here_or_nowhere -%}
        ({{ is_in_fold(spec) }} or not ({{ in_folds | join(" or ") }}))
        {%- endset %}
        {% do conditions.append(trains_here_or_nowhere) %}
    {% endif %}
    {{ return(conditions | join(" and ") or "true") }}
{% endmacro %}

{#- train, calibrate or test, by a hash of the subject: the same on every engine. -#}
{% macro subject_fold(subject, shares) %}
    {% set sql -%}
    case
        when {{ is_in_share(subject, shares[0], "fold") }} then 'train'
        when {{ is_in_share(subject, shares[0] + shares[1], "fold") }} then 'calibrate'
        else 'test'
    end
    {%- endset %}
    {{ return(sql) }}
{% endmacro %}
