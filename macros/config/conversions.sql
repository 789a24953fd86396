{#- The conversions as a list of {name, events, criteria, min_count, repeatable}, defaults
    filled in; `conversion_events` is the shorthand for one named `conversion`. -#}
{% macro conversions() %}
    {% set all_events = {"name": "conversion", "events": [], "criteria": none,
        "min_count": 1, "repeatable": false} %}
    {#- checked when something runs, so that a bad value is reported once and by name -#}
    {% if not execute %} {{ return([all_events]) }} {% endif %}
    {% set given = var("conversions", []) %}
    {% do require_var(
        "conversion_events", is_text_list(var("conversion_events")),
        "a list of event names, e.g. [submit_form]",
    ) %}
    {% if not given %}
        {% set given = [{"name": "conversion", "events": var("conversion_events")}] %}
    {% endif %}
    {% set accepted = ["name", "events", "criteria", "min_count", "repeatable"] %}
    {% set out = [] %}
    {% for conversion in given %}
        {% set place = "var conversions, " ~ conversion | tojson %}
        {% if conversion is not mapping or not conversion.get("name")
            or not modules.re.match("^[a-z][a-z0-9_]*$", conversion.name) %}
            {{ exceptions.raise_compiler_error(
                place ~ ": each conversion is a mapping with a `name` of lower-case letters, "
                ~ "digits and underscores."
            ) }}
        {% endif %}
        {% for key in conversion if key not in accepted %}
            {{ exceptions.raise_compiler_error(
                place ~ ": unknown key " ~ key ~ "; accepted are " ~ accepted | join(", ") ~ "."
            ) }}
        {% endfor %}
        {% if conversion.name in out | map(attribute="name") %}
            {{ exceptions.raise_compiler_error(place ~ ": the name is used twice.") }}
        {% endif %}
        {% if conversion.name in ["churn", "value"] %}
            {{ exceptions.raise_compiler_error(
                place ~ ": the name is that of another kind of model; choose another."
            ) }}
        {% endif %}
        {% if not is_text_list(conversion.get("events", [])) %}
            {{ exceptions.raise_compiler_error(
                place ~ ": `events` takes a list of event names, e.g. [submit_form]."
            ) }}
        {% endif %}
        {% if not conversion.get("events") and not conversion.get("criteria") %}
            {{ exceptions.raise_compiler_error(
                place ~ ": needs `events` or `criteria`, else every event would convert."
            ) }}
        {% endif %}
        {% set min_count = conversion.get("min_count", 1) %}
        {% if min_count is not integer or min_count < 1 %}
            {{ exceptions.raise_compiler_error(place ~ ": `min_count` takes a whole number from 1.") }}
        {% endif %}
        {% if conversion.get("repeatable", false) is not boolean %}
            {{ exceptions.raise_compiler_error(place ~ ": `repeatable` takes true or false.") }}
        {% endif %}
        {% do out.append({
            "name": conversion.name,
            "events": conversion.get("events", []),
            "criteria": conversion.get("criteria"),
            "min_count": min_count,
            "repeatable": conversion.get("repeatable", false),
        }) %}
    {% endfor %}
    {{ return(out) }}
{% endmacro %}
