{#- What models of one base share. A base is a question asked at one kind of moment: its
    training table trn_<base>, the features it learns from, whose row it is. -#}
{% macro propensity_model_bases() %}
    {{ return([
        {
            "base": "live",
            "horizon": var("live_horizon"),
            "training_table": "trn_live",
            "features": "feat_visitor__asof_event",
            "subject_column": "domain_userid",
            "first_conversions": "tgt_visitor__first_conversion",
            "outcomes_overlap": false,
        },
        {
            "base": "daily",
            "horizon": var("daily_horizon"),
            "training_table": "trn_daily",
            "features": "feat_visitor__asof_day",
            "subject_column": "domain_userid",
            "first_conversions": "tgt_visitor__first_conversion",
            "outcomes_overlap": false,
        },
        {
            "base": "first_touch",
            "horizon": var("first_touch_horizon"),
            "training_table": "trn_first_touch",
            "features": "feat_person__first_touch",
            "subject_column": "stitched_user_id",
            "first_conversions": "tgt_person__first_conversion",
            "outcomes_overlap": true,
        },
    ]) }}
{% endmacro %}

{#- The models that are trained, of one base or of all, in order: a list of {model_name,
    base, kind, conversion, horizon, training_table, target_column, subject_column,
    features, first_conversions, outcomes_overlap}. With one conversion a model bears its
    base's name, with several <base>__<conversion>. Churn and value are asked daily. -#}
{% macro propensity_model_specs(base=none) %}
    {% set specs = [] %}
    {% set several = conversions() | length > 1 %}
    {% for shared in propensity_model_bases() if base is none or base == shared.base %}
        {% for conversion in conversions() %}
            {% do specs.append(model_spec(shared, {
                "model_name": shared.base ~ ("__" ~ conversion.name if several else ""),
                "kind": "conversion",
                "conversion": conversion.name,
                "target_column": "target" if loop.first else "target_" ~ conversion.name,
            })) %}
        {% endfor %}
        {% if shared.base == "daily" and var("churn_horizon") %}
            {% do specs.append(model_spec(shared, {
                "model_name": "daily__churn",
                "kind": "churn",
                "conversion": none,
                "horizon": var("churn_horizon"),
                "target_column": "target_churn",
            })) %}
        {% endif %}
        {% if shared.base == "daily" and value_settings() %}
            {% do specs.append(model_spec(shared, {
                "model_name": "daily__value",
                "kind": "value",
                "conversion": none,
                "horizon": value_settings().horizon,
                "target_column": "target_value",
            })) %}
        {% endif %}
    {% endfor %}
    {{ return(specs) }}
{% endmacro %}

{% macro model_spec(shared, own) %}
    {% set spec = dict(shared) %}
    {% do spec.update(own) %}
    {{ return(spec) }}
{% endmacro %}

{#- The specs of a base's conversions, without churn and value. -#}
{% macro conversion_specs(base) %}
    {{ return(propensity_model_specs(base) | selectattr("kind", "equalto", "conversion") | list) }}
{% endmacro %}
