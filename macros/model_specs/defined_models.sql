{#- SQL: one row per configured model, as it is defined now. -#}
{% macro defined_models() %}
    {% for spec in propensity_model_specs() %}
    {{ "union all" if not loop.first }}
    select
        '{{ spec.model_name }}' as model_name,
        '{{ spec.base }}' as base,
        '{{ spec.kind }}' as kind,
        '{{ spec.subject_column }}' as subject_column,
        '{{ spec.horizon }}' as horizon,
        '{{ outcome_hash(spec) }}' as outcome_hash
    {%- endfor %}
{% endmacro %}

{#- SQL: one row per base and feature as it is defined now, by its `feature_token`. -#}
{% macro defined_features() %}
    {% set rows = [] %}
    {% for shared in propensity_model_bases() %}
        {% for token in feature_tokens(shared) %}
            {% do rows.append("('" ~ shared.base ~ "', '" ~ token ~ "')") %}
        {% endfor %}
    {% endfor %}
    {% if not rows %}
        {{ return("select " ~ text_null() ~ " as base, " ~ text_null() ~ " as feature_token") }}
    {% endif %}
    {% set sql %}
    select
        base,
        feature_token
    from (
        values
        {{ rows | join(",\n        ") }}
    ) as defined (base, feature_token)
    {% endset %}
    {{ return(sql) }}
{% endmacro %}
