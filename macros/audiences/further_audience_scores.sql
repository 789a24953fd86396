{#- The daily models beside the first, whose scores are further columns of the audiences,
    by the name that follows `daily__`: a list of {name, model_name, kind}. -#}
{% macro further_audience_models() %}
    {% set models = [] %}
    {% for spec in propensity_model_specs("daily")[1:] %}
        {% do models.append({
            "name": spec.model_name.split("__")[1], "model_name": spec.model_name,
            "kind": spec.kind,
        }) %}
    {% endfor %}
    {{ return(models) }}
{% endmacro %}

{#- A contract lists columns once and for all; further models add theirs. Read from the vars,
    as dbt asks for configs before anything runs. -#}
{% macro audience_contract() %}
    {% set several = var("conversions") is sequence and var("conversions") | length > 1 %}
    {{ return({"enforced": not (several or var("churn_horizon") or var("value"))}) }}
{% endmacro %}

{#- Money to the cent, probabilities to four digits. -#}
{% macro rounded_score(score, kind="conversion") %}
    {{ return("round(" ~ score ~ ", " ~ (2 if kind == "value" else 4) ~ ")") }}
{% endmacro %}

{#- SQL: or is another conversion still to be won? -#}
{% macro or_open_for_another() %}
    {% set terms = [] %}
    {% for further in further_audience_models() if further.kind == "conversion" %}
        {% do terms.append(" or " ~ further.name ~ "_score is not null") %}
    {% endfor %}
    {{ return(terms | join) }}
{% endmacro %}
