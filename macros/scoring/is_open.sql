{#- SQL: can the outcome of a model still happen, as of now? No if a one-off conversion is
    done, or if the visitor has been gone for the churn horizon already. -#}
{% macro is_outcome_open(spec) %}
    {% if spec.kind == "churn" %}
        {% set sql -%}
        {{ epoch_us("first_conversions.last_seen_tstamp") }}
        >= {{ epoch_us("features.as_of_tstamp") }} - {{ iso_duration_us(spec.horizon) }}
        {%- endset %}
        {{ return(sql) }}
    {% elif spec.kind == "conversion" and not conversion_named(spec.conversion).repeatable %}
        {{ return("first_conversions.first_" ~ spec.conversion ~ "_tstamp is null") }}
    {% endif %}
    {{ return("true") }}
{% endmacro %}

{#- One column a model: is_open__<model_name>. -#}
{% macro is_outcome_open_list(specs) %}
    {% set columns = [] %}
    {% for spec in specs %}
        {% do columns.append(is_outcome_open(spec) ~ " as is_open__" ~ spec.model_name) %}
    {% endfor %}
    {{ return(columns | join(",\n        ")) }}
{% endmacro %}
