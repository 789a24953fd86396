{#- What Signals calls a column of stg_snowplow__events; what it does not know is added to
    `reasons`. -#}
{% macro signals_property(column, reasons) %}
    {% if column in event_columns() %} {{ return({"type": "atomic", "name": column}) }} {% endif %}
    {% set of_entity = entity_columns().get(column) %}
    {% if of_entity %}
        {{ return(signals_entity_property(of_entity.entity, of_entity.field, reasons)) }}
    {% endif %}
    {% set of_event = event_field_columns().get(column) %}
    {% if of_event %}
        {% set schema = signals_schema(of_event.event, signals_known_events()[of_event.event], reasons) %}
        {{ return(dict(schema, type="event", path=of_event.field)) }}
    {% endif %}
    {% do reasons.append(column ~ " is made in the warehouse, and Signals does not know it.") %}
    {{ return({}) }}
{% endmacro %}

{#- The first entity of its kind that an event carries, as in staging. -#}
{% macro signals_entity_property(entity, field, reasons) %}
    {% set stem = modules.re.sub("^contexts_", "", entity_stem(entity)) %}
    {% set numbers = modules.re.findall("_([0-9]+)", var("entities")[entity] | lower
        | replace(entity_stem(entity), "", 1)) %}
    {% set known = signals_known_entities().get(stem) %}
    {% set told = known ~ "/" ~ numbers[0] if known and numbers else none %}
    {{ return(dict(signals_schema(entity, told, reasons), type="entity", path=field, index=0)) }}
{% endmacro %}

{#- {vendor, name, major_version} of what is called vendor/name/major_version: by var
    signals_schemas, else as it is `known`. -#}
{% macro signals_schema(name, known, reasons) %}
    {% set told = var("signals_schemas").get(name) or known %}
    {% if not told %}
        {% do reasons.append(
            "The schema of " ~ name ~ " is not known. Name it in var signals_schemas, as "
            ~ name ~ ": com.acme/" ~ name ~ "/1."
        ) %}
        {{ return({}) }}
    {% endif %}
    {% set vendor, own_name, major_version = told.split("/") %}
    {{ return({"vendor": vendor, "name": own_name, "major_version": major_version | int}) }}
{% endmacro %}

{#- Names of columns do not say where a vendor ends: these are known. -#}
{% macro signals_known_entities() %}
    {{ return({
        "com_iab_snowplow_spiders_and_robots": "com.iab.snowplow/spiders_and_robots",
        "com_snowplowanalytics_snowplow_media_player": "com.snowplowanalytics.snowplow/media_player",
        "com_snowplowanalytics_snowplow_ua_parser_context":
            "com.snowplowanalytics.snowplow/ua_parser_context",
        "com_snowplowanalytics_snowplow_web_page": "com.snowplowanalytics.snowplow/web_page",
        "nl_basjes_yauaa_context": "nl.basjes/yauaa_context",
    }) }}
{% endmacro %}

{#- Events of the browser tracker. -#}
{% macro signals_known_events() %}
    {% set known = {} %}
    {% for name in [
        "button_click", "change_form", "focus_form", "link_click", "site_search",
        "social_interaction", "submit_form",
    ] %}
        {% do known.update({name: "com.snowplowanalytics.snowplow/" ~ name ~ "/1"}) %}
    {% endfor %}
    {{ return(known) }}
{% endmacro %}

{#- The aggregated property. -#}
{% macro signals_value(definition, reasons) %}
    {% set column = property_column(definition.property, "property") %}
    {% set kind = property_kind(column) %}
    {% set known = {"property": definition.property, "operator": "is not null"} %}
    {% if definition.aggregation in ["first", "last"] and column != "event_name"
        and known not in ((definition.get("criteria") or {}).get("all") or []) %}
        {% do reasons.append(
            "An event without " ~ definition.property ~ " counts here, and Signals does not say"
            ~ " whether it does there. Add to `criteria: all:` {property: " ~ definition.property
            ~ ", operator: is not null}."
        ) %}
    {% endif %}
    {% if column == "has_media_player" or kind == "timestamp" %}
        {% do reasons.append("Signals has no value of " ~ column ~ ".") %}
    {% elif kind == "number" and signals_aggregations()[definition.aggregation].type == "string" %}
        {% do reasons.append(
            "It is the text of the number " ~ column ~ ", which warehouses spell their own way."
        ) %}
    {% endif %}
    {{ return(signals_property(column, reasons)) }}
{% endmacro %}
