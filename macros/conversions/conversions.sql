{#- The conversions as a list of mappings, defaults filled in. `source` says where one is
    found: among the events, among the page_views by what was done on the page, or in a
    table. `conversion_events` is the shorthand for one named `conversion`. -#}
{% macro conversions() %}
    {% set all_events = {"name": "conversion", "source": "events", "events": [],
        "criteria": none, "min_count": 1, "repeatable": false} %}
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
        {% if conversion.name in out | map(attribute="name") %}
            {{ exceptions.raise_compiler_error(place ~ ": the name is used twice.") }}
        {% endif %}
        {% if conversion.name in ["churn", "value"] %}
            {{ exceptions.raise_compiler_error(
                place ~ ": the name is that of another kind of model; choose another."
            ) }}
        {% endif %}
        {% do check_conversion_keys(conversion, place) %}
        {% set filled = {"events": [], "criteria": none, "min_count": 1, "repeatable": false} %}
        {% do filled.update(conversion) %}
        {% do filled.update({"source": conversion_source(conversion, place)}) %}
        {% do out.append(filled) %}
    {% endfor %}
    {{ return(out) }}
{% endmacro %}

{% macro check_conversion_keys(conversion, place) %}
    {% set shared = ["name", "criteria", "min_count", "repeatable"] %}
    {% set of_table = ["table", "user_id_column", "domain_userid_column", "tstamp_column",
        "known_tstamp_column", "id_column"] %}
    {% set accepted = shared + (of_table if "table" in conversion else ["events", "table"]) %}
    {% for key in conversion if key not in accepted %}
        {{ exceptions.raise_compiler_error(
            place ~ ": unknown key " ~ key ~ "; accepted are " ~ accepted | join(", ")
            ~ (", with a table." if "table" in conversion else ".")
        ) }}
    {% endfor %}
    {% for key in of_table if key in conversion
        and (conversion[key] is not string or not conversion[key]) %}
        {{ exceptions.raise_compiler_error(
            place ~ ": `" ~ key ~ "` takes the name of a "
            ~ ("table, e.g. crm.opportunities." if key == "table" else "column of the table.")
        ) }}
    {% endfor %}
    {% if not is_text_list(conversion.get("events", [])) %}
        {{ exceptions.raise_compiler_error(
            place ~ ": `events` takes a list of event names, e.g. [submit_form]."
        ) }}
    {% endif %}
    {% set min_count = conversion.get("min_count", 1) %}
    {% if min_count is not integer or min_count < 1 %}
        {{ exceptions.raise_compiler_error(place ~ ": `min_count` takes a whole number from 1.") }}
    {% endif %}
    {% if conversion.get("repeatable", false) is not boolean %}
        {{ exceptions.raise_compiler_error(place ~ ": `repeatable` takes true or false.") }}
    {% endif %}
{% endmacro %}

{% macro conversion_source(conversion, place) %}
    {% if "table" in conversion %}
        {% set users = ["user_id_column", "domain_userid_column"] %}
        {% if users | select("in", conversion) | list | length != 1
            or "tstamp_column" not in conversion %}
            {{ exceptions.raise_compiler_error(
                place ~ ": a table needs `tstamp_column`, and of " ~ users | join(", ")
                ~ " the one that says who converted."
            ) }}
        {% endif %}
        {{ return("table") }}
    {% endif %}
    {% if not conversion.get("events") and not conversion.get("criteria") %}
        {{ exceptions.raise_compiler_error(
            place ~ ": needs `events` or `criteria`, else every event would convert; or a `table`."
        ) }}
    {% endif %}
    {% if "engaged_time_in_s" not in properties_of(conversion.get("criteria")) %}
        {{ return("events") }}
    {% endif %}
    {% if conversion.get("events", ["page_view"]) != ["page_view"] %}
        {{ exceptions.raise_compiler_error(
            place ~ ": engaged_time_in_s is known of page views; `events` takes [page_view] with it."
        ) }}
    {% endif %}
    {{ return("page_views") }}
{% endmacro %}

{% macro conversion_named(name) %}
    {{ return(conversions() | selectattr("name", "equalto", name) | first) }}
{% endmacro %}
