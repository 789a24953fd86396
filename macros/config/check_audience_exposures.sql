{#- Var audience_exposures: what the documentation says of each audience's sync. -#}
{% macro check_audience_exposures() %}
    {% set audiences = ["aud_prospects", "aud_high_propensity", "aud_rule_based"] %}
    {% set keys = ["owner_name", "owner_email", "url", "description"] %}
    {% set ids = "census_sync_ids" %}
    {% set given = var("audience_exposures") %}
    {% do require_var(
        "audience_exposures",
        given is mapping and given.keys() | reject("in", audiences) | list == [],
        "a mapping of audiences: " ~ audiences | join(", "),
    ) %}
    {% for exposure in given.values() %}
        {% do require_var(
            "audience_exposures",
            exposure is mapping and exposure.keys() | reject("in", keys + [ids]) | list == []
            and exposure.items() | rejectattr(0, "eq", ids) | rejectattr(1, "string")
            | list == [],
            "for each audience any of " ~ keys | join(", ") ~ ", as texts, and " ~ ids,
        ) %}
        {% set given_ids = exposure.get(ids, []) %}
        {% do require_var(
            "audience_exposures",
            given_ids is sequence and given_ids is not string and given_ids is not mapping
            and given_ids | reject("integer") | list == []
            and given_ids | select("lt", 1) | list == [],
            "as " ~ ids ~ " the ids of Census's syncs, e.g. [123]",
        ) %}
    {% endfor %}
{% endmacro %}
