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
        {{ sql_literal(no_outcome(spec).why) }} as no_outcome_why,
        {{ sql_literal(no_outcome(spec).advice) }} as no_outcome_advice,
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

{#- What to say of a model whose outcome has never happened: {why, advice}. -#}
{% macro no_outcome(spec) %}
    {% if spec.kind == "value" %}
        {{ return({
            "why": "No event is an order with an amount above 0.",
            "advice": "Set var value to events that occur in stg_snowplow__events and to the "
                ~ "property that holds their amount (" ~ value_settings().property ~ ").",
        }) }}
    {% elif spec.kind == "churn" %}
        {{ return({"why": "No visitor is known.", "advice": ""}) }}
    {% endif %}
    {{ return({
        "why": "No event is a " ~ spec.conversion ~ ".",
        "advice": "Set var conversion_events, or var conversions, to events that occur in "
            ~ "stg_snowplow__events"
            ~ ("; where there are only modelled web tables, to page views (events: [page_view] with "
                ~ "criteria) or to a table of conversions." if spec.base == "first_touch" else "."),
    }) }}
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

{#- SQL of trn_readiness: why a model cannot be trained; null if it can. `chosen` is the split that
    asks for least then. -#}
{% macro not_trained_code() -%}
case
            when models.n_outcomes = 0 then 'no_outcome'
            when chosen.n_rows = 0 then 'no_rows'
            when chosen.n_subjects < {{ var("min_training_subjects") }} then 'few_subjects'
            when chosen.lacking_fold is not null then 'few_of_one_outcome'
        end
{%- endmacro %}

{#- SQL of trn_readiness: what a code says, with the figures. -#}
{% macro not_trained_why() %}
    {%- set window = var("training_window") -%}
    {%- set text = dbt.type_string() -%}
case not_trained_code
            when 'no_outcome' then no_outcome_why
            when 'no_rows'
                then
                    'No training rows: of the subjects first seen {{ window[0] }} to '
                    || '{{ window[1] }} days before as_of, none has an outcome over '
                    || horizon || ' that is known by now. The first event kept is of '
                    || cast(first_seen_tstamp as {{ text }}) || '.'
            when 'few_subjects'
                then
                    'Too few subjects: ' || cast(n_subjects as {{ text }})
                    || ' where {{ var("min_training_subjects") }} are asked for.'
            when 'few_of_one_outcome'
                then
                    'Too few of one outcome in the ' || lacking_fold || ' fold: '
                    || cast(lacking_converting as {{ text }})
                    || ' subjects that convert and '
                    || cast(lacking_other as {{ text }})
                    || ' that do not, where ' || cast(lacking_asked as {{ text }})
                    || ' of each are asked for.'
        end
{%- endmacro %}

{#- SQL of trn_readiness: what to change. -#}
{% macro not_trained_advice() -%}
case not_trained_code
            when 'no_outcome' then nullif(no_outcome_advice, '')
            when 'no_rows'
                then 'Widen var training_window, shorten the horizon, or bring more history.'
            when 'few_subjects'
                then
                    'Widen var training_window, bring more history, or lower var '
                    || 'min_training_subjects.'
            when 'few_of_one_outcome'
                then
                    'Widen var training_window (start earlier, or end nearer as_of), or bring '
                    || 'more history.'
        end
{%- endmacro %}
