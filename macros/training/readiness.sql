{#- A row for each model and fold, with how many subjects of either outcome it asks for. -#}
{% macro model_folds() %}
    {% set least = var("min_converting_subjects") %}
    {% set rows = [] %}
    {% for model_name in ["live", "daily"] %}
        {% for fold in ["train", "calibrate", "test"] %}
            {% do rows.append(
                "select '" ~ model_name ~ "' as model_name, '" ~ var(model_name ~ "_horizon")
                ~ "' as horizon, '" ~ fold ~ "' as fold, "
                ~ (least if fold == "train" else [least, 5] | min) ~ " as n_asked"
            ) %}
        {% endfor %}
    {% endfor %}
    {{ return(rows | join("\n    union all\n    ")) }}
{% endmacro %}

{#- Why a model cannot be trained, and what to change; null where it can. -#}
{% macro not_trained_reason(conversion) %}
    {%- set window = var("training_window") -%}
    {%- set text = dbt.type_string() -%}
case
            when prospects.n_converters = 0
                then
                    'No event is a {{ conversion.name }}. Set var conversion_events, or var '
                    || 'conversions, to events that occur in stg_snowplow__events.'
            when totals.n_rows = 0
                then
                    'No training rows: of the subjects first seen {{ window[0] }} to '
                    || '{{ window[1] }} days before as_of, none has an outcome over '
                    || totals.horizon || ' that is known by now and no fold period is '
                    || 'shorter. The first event kept is of '
                    || cast(prospects.first_seen_tstamp as {{ text }})
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
                    || 'the horizon ' || totals.horizon || ', with subjects active in it. '
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
