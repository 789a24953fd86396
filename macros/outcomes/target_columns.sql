{#- The column of a target: target_had_conversion_next7d for (conversion, P7D). -#}
{% macro target_column(conversion, horizon) %}
    {% set name = conversion if conversion is string else conversion.name %}
    {{ return("target_had_" ~ name ~ "_next" ~ horizon | lower | replace("p", "") | replace("t", "")) }}
{% endmacro %}

{#- Is the next conversion complete within the horizon? Null until that is known. -#}
{% macro target_value(done_us, us, horizon, as_of_us) %}
    {% set sql -%}
    case
        when {{ is_outcome_known(us, horizon, as_of_us) }}
            then coalesce({{ done_us }} <= {{ us }} + {{ iso_duration_us(horizon) }}, false)
    end
    {%- endset %}
    {{ return(sql) }}
{% endmacro %}

{#- The column of the base's tgt_ model that a model learns to predict:
    target_had_<conversion>_next7d, target_churned_next14d, target_value_next30d. -#}
{% macro outcome_column(spec) %}
    {% set conversion_column = target_column(spec.conversion or "it", spec.horizon) %}
    {% if spec.kind == "conversion" %} {{ return(conversion_column) }} {% endif %}
    {% set what = {"churn": "churned", "value": "value"}[spec.kind] %}
    {{ return(conversion_column | replace("had_it", what)) }}
{% endmacro %}

{#- SQL: did the outcome happen? Null where that is not known, or not asked. -#}
{% macro outcome_happened(spec) %}
    {{ return(spec.target_column ~ (" > 0" if spec.kind == "value" else "")) }}
{% endmacro %}
