{#- Var audience_exposures: what the documentation says of each audience's sync. -#}
{% macro check_audience_exposures() %}
    {% set audiences = ["aud_prospects", "aud_high_propensity", "aud_rule_based"] %}
    {% set keys = ["owner_name", "owner_email", "url", "description"] %}
    {% set given = var("audience_exposures") %}
    {% do require_var(
        "audience_exposures",
        given is mapping and given.keys() | reject("in", audiences) | list == [],
        "a mapping of audiences: " ~ audiences | join(", "),
    ) %}
    {% for exposure in given.values() %}
        {% do require_var(
            "audience_exposures",
            exposure is mapping and exposure.keys() | reject("in", keys) | list == []
            and exposure.values() | reject("string") | list == [],
            "for each audience any of " ~ keys | join(", ") ~ ", as texts",
        ) %}
    {% endfor %}
{% endmacro %}
