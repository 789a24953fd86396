{#- A row for each model and fold, with how many subjects of either outcome it asks for. -#}
{% macro model_folds() %}
    {% set least = var("min_converting_subjects") %}
    {% set rows = [] %}
    {% for spec in propensity_model_specs() %}
        {% for fold in ["train", "calibrate", "test"] %}
            {% do rows.append(
                "select '" ~ spec.model_name ~ "' as model_name, '" ~ fold ~ "' as fold, "
                ~ (least if fold == "train" else [least, 5] | min) ~ " as n_asked"
            ) %}
        {% endfor %}
    {% endfor %}
    {{ return(rows | join("\n    union all\n    ")) }}
{% endmacro %}

{#- A row for each model: what it is, and how often its outcome has happened at all. -#}
{% macro model_rows(events) %}
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

{#- The training rows of every model, with the subject again where the outcome happened,
    and where it did not. -#}
{% macro training_rows_by_model() %}
    {% for spec in propensity_model_specs() %}
    {{ "union all" if not loop.first }}
    select
        '{{ spec.model_name }}' as model_name,
        {{ spec.subject_column }} as subject_id,
        fold,
        case when {{ outcome_happened(spec) }} then {{ spec.subject_column }} end
            as converting_subject,
        case when not ({{ outcome_happened(spec) }}) then {{ spec.subject_column }} end
            as other_subject
    from {{ ref(spec.training_table) }}
    where {{ spec.target_column }} is not null
    {%- endfor %}
{% endmacro %}

{#- Why a model cannot be trained, and what to change; null where it can. -#}
{% macro not_trained_reason() %}
    {%- set window = var("training_window") -%}
    {%- set text = dbt.type_string() -%}
case
            when models.n_outcomes = 0 then models.no_outcome_reason
            when totals.n_rows = 0
                then
                    'No training rows: of the subjects first seen {{ window[0] }} to '
                    || '{{ window[1] }} days before as_of, none has an outcome over '
                    || models.horizon || ' that is known by now and no fold period is '
                    || 'shorter. The first event kept is of '
                    || cast(models.first_seen_tstamp as {{ text }})
                    || '. Widen var training_window, shorten the horizon, or bring more '
                    || 'history.'
            when totals.n_subjects < {{ var("min_training_subjects") }}
                then
                    'Too few subjects: ' || cast(totals.n_subjects as {{ text }})
                    || ' where {{ var("min_training_subjects") }} are asked for. Widen var '
                    || 'training_window, bring more history, or lower var '
                    || 'min_training_subjects.'
            when lacking.n_rows = 0
                then
                    'No row in the ' || lacking.fold || ' fold: its share of the time '
                    || 'since the first subject (var fold_periods) has to be longer than '
                    || 'the horizon ' || models.horizon || ', with subjects active in it. '
                    || 'Bring more history, widen var training_window, or shorten the '
                    || 'horizon.'
            when lacking.fold is not null
                then
                    'Too few of one outcome in the ' || lacking.fold || ' fold: '
                    || cast(lacking.n_converting_subjects as {{ text }})
                    || ' subjects that convert and '
                    || cast(lacking.n_other_subjects as {{ text }})
                    || ' that do not, where ' || cast(lacking.n_asked as {{ text }})
                    || ' of each are asked for. Widen var training_window (start earlier, '
                    || 'or end nearer as_of), or bring more history.'
        end
{%- endmacro %}
