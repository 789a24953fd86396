{#- A row for each model: what it is, and how often its outcome has happened at all. -#}
{% macro readiness_model_rows(events) %}
    {% for spec in propensity_model_specs() %}
    {{ "union all" if not loop.first }}
    select
        '{{ spec.model_name }}' as model_name,
        '{{ spec.kind }}' as kind,
        '{{ spec.training_table }}' as training_table,
        '{{ spec.target_column }}' as target_column,
        '{{ spec.subject_column }}' as subject_column,
        '{{ spec.horizon }}' as horizon,
        '{{ definition_hash(spec) }}' as definition_hash,
        '{{ outcome_hash(spec) }}' as outcome_hash,
        '{{ feature_tokens(spec) | join("") }}' as feature_hashes,
        {{ sql_literal(no_outcome_reason(spec)) }} as no_outcome_reason,
        {% if spec.kind == "conversion" -%}
        count(first_{{ spec.conversion }}_tstamp)
        {%- elif spec.kind == "value" -%}
        (select count(*) from {{ events }} where {{ is_order() }} and {{ order_amount() }} > 0)
        {%- else -%}
        count(*)
        {%- endif %} as n_outcomes,
        min(first_seen_tstamp) as first_seen_tstamp
    from {{ ref(spec.first_conversions) }}
    {%- endfor %}
{% endmacro %}

{% macro no_outcome_reason(spec) %}
    {% if spec.kind == "value" %}
        {{ return(
            "No event is an order with an amount above 0. Set var value to events that occur "
            ~ "in stg_snowplow__events and to the property that holds their amount ("
            ~ value_settings().property ~ ")."
        ) }}
    {% elif spec.kind == "churn" %} {{ return("No visitor is known.") }}
    {% endif %}
    {{ return(
        "No event is a " ~ spec.conversion ~ ". Set var conversion_events, or var conversions,"
        ~ " to events that occur in stg_snowplow__events"
        ~ ("; where there are only modelled web tables, to page views (events: [page_view] with "
            ~ "criteria) or to a table of conversions." if spec.base == "first_touch" else ".")
    ) }}
{% endmacro %}

{#- The training rows of every model: subject, moment, folds, and the outcome. -#}
{% macro training_rows_by_model() %}
    {% for spec in propensity_model_specs() %}
    {{ "union all" if not loop.first }}
    select
        '{{ spec.model_name }}' as model_name,
        {{ spec.subject_column }} as subject_id,
        {{ epoch_us("as_of_tstamp") }} as moment_us,
        {{ 0 if spec.outcomes_overlap else iso_duration_us(spec.horizon) }} as embargo_us,
        fold,
        subject_fold,
        case when {{ outcome_happened(spec) }} then 1 else 0 end as happened
    from {{ ref(spec.training_table) }}
    where {{ spec.target_column }} is not null
    {%- endfor %}
{% endmacro %}

{#- Why a model cannot be trained, and what to change; null where it can. `loosest` is the
    split that asks for least. -#}
{% macro not_trained_reason(loosest) %}
    {%- set window = var("training_window") -%}
    {%- set text = dbt.type_string() -%}
case
            when models.n_outcomes = 0 then models.no_outcome_reason
            when {{ loosest }}.n_rows = 0
                then
                    'No training rows: of the subjects first seen {{ window[0] }} to '
                    || '{{ window[1] }} days before as_of, none has an outcome over '
                    || models.horizon || ' that is known by now. The first event kept is of '
                    || cast(models.first_seen_tstamp as {{ text }})
                    || '. Widen var training_window, shorten the horizon, or bring more '
                    || 'history.'
            when {{ loosest }}.n_subjects < {{ var("min_training_subjects") }}
                then
                    'Too few subjects: ' || cast({{ loosest }}.n_subjects as {{ text }})
                    || ' where {{ var("min_training_subjects") }} are asked for. Widen var '
                    || 'training_window, bring more history, or lower var '
                    || 'min_training_subjects.'
            when {{ loosest }}.lacking_fold is not null
                then
                    'Too few of one outcome in the ' || {{ loosest }}.lacking_fold || ' fold: '
                    || cast({{ loosest }}.lacking_converting as {{ text }})
                    || ' subjects that convert and '
                    || cast({{ loosest }}.lacking_other as {{ text }})
                    || ' that do not, where ' || cast({{ loosest }}.lacking_asked as {{ text }})
                    || ' of each are asked for. Widen var training_window (start earlier, '
                    || 'or end nearer as_of), or bring more history.'
        end
{%- endmacro %}
