{#- The columns of stg_snowplow__events, in order. -#}
{% macro staged_event_columns() %}
    {% set columns = event_columns().keys() | list %}
    {% do columns.extend(entity_columns().keys()) %}
    {% do columns.extend(event_field_columns().keys()) %}
    {% do columns.extend(["has_media_player", "event_tstamp", "arrival_tstamp"]) %}
    {{ return(columns) }}
{% endmacro %}

{#- The same as a select list, each column of `relation`. -#}
{% macro staged_event_list(relation) %}
    {% set columns = [] %}
    {% for column in staged_event_columns() %}
        {% do columns.append(relation ~ "." ~ column) %}
    {% endfor %}
    {{ return(columns | join(",\n        ")) }}
{% endmacro %}

{#- The texts of entity and event fields, each as <column>__found, as a select list. -#}
{% macro found_event_list(events) %}
    {% set list = [] %}
    {% set of_entities = entity_columns() %}
    {% for name, field in of_entities.items() %}
        {% set fields = of_entities.values() | selectattr("entity", "equalto", field.entity)
            | map(attribute="field") | list %}
        {% set text = entity_field(entity_sources(events, field.entity), field.field, fields) %}
        {% do list.append(text ~ " as " ~ name ~ "__found") %}
    {% endfor %}
    {% for name, field in event_field_columns().items() %}
        {% set text = entity_field(self_describing_columns(events, field.event), field.field) %}
        {% set is_it = is_event_named(events, field.event) %}
        {% do list.append(value_only_if(is_it, text) ~ " as " ~ name ~ "__found") %}
    {% endfor %}
    {{ return(list | join(",\n        ")) }}
{% endmacro %}

{#- A select list that types the atomic columns and those of found_event_list(); and tells which
    values were there, as <column>__is_there, where some may not be read. -#}
{% macro typed_event_list(events) %}
    {% set list = [] %}
    {% for name, column in event_columns().items() %}
        {% set value = typed_column(events.columns.get(name), column.type) %}
        {% do list.append((known_id(value, name) if name in identifier_columns() else value) ~ " as " ~ name) %}
    {% endfor %}
    {% for name in entity_columns().keys() | list + event_field_columns().keys() | list %}
        {% do list.append(known_text(name ~ "__found") ~ " as " ~ name) %}
    {% endfor %}
    {% do list.append(has_entity(entity_sources(events, "media_player")) ~ " as has_media_player") %}
    {% for name, counted in counted_event_columns(events).items() %}
        {% do list.append(counted.is_there ~ " as " ~ name ~ "__is_there") %}
    {% endfor %}
    {{ return(list | join(",\n        ")) }}
{% endmacro %}

{#- The staged columns that come from entities: name -> {entity, field}. -#}
{% macro entity_columns() %}
    {% set columns = {
        "page_view_id": {"entity": "web_page", "field": "id"},
        "device_class": {"entity": "yauaa", "field": "deviceClass"},
        "device_name": {"entity": "yauaa", "field": "deviceName"},
        "agent_name": {"entity": "yauaa", "field": "agentName"},
        "operating_system_name": {"entity": "yauaa", "field": "operatingSystemName"},
        "spider_or_robot": {"entity": "iab", "field": "spiderOrRobot"},
    } %}
    {% for entity, fields in enrichment_fields().items() %}
        {% for field in fields %}
            {% do columns.update({
                entity_column(entity ~ "." ~ field): {"entity": entity, "field": field},
            }) %}
        {% endfor %}
    {% endfor %}
    {% for property in var("entity_fields") %}
        {% set entity, field = property.split(".") %}
        {% do columns.update({entity_column(property): {"entity": entity, "field": field}}) %}
    {% endfor %}
    {{ return(columns) }}
{% endmacro %}

{#- The staged columns that come from self-describing events: name -> {event, field}. -#}
{% macro event_field_columns() %}
    {% set columns = {} %}
    {% for property in var("event_fields") %}
        {% set event, field = property.split(".") %}
        {% do columns.update({entity_column(property): {"event": event, "field": field}}) %}
    {% endfor %}
    {{ return(columns) }}
{% endmacro %}

{#- Further fields of the enrichments' entities, which the web tables tell of. -#}
{% macro enrichment_fields() %}
    {{ return({
        "iab": ["category", "reason", "primaryImpact"],
        "yauaa": [
            "deviceBrand", "deviceVersion", "agentClass", "agentVersion",
            "agentVersionMajor", "agentNameVersion", "agentNameVersionMajor",
            "operatingSystemClass", "operatingSystemVersion", "operatingSystemNameVersion",
            "layoutEngineClass", "layoutEngineName", "layoutEngineVersion",
            "layoutEngineVersionMajor", "layoutEngineNameVersion",
            "layoutEngineNameVersionMajor",
        ],
        "ua_parser": [
            "useragentFamily", "useragentMajor", "useragentMinor", "useragentPatch",
            "useragentVersion", "osFamily", "osMajor", "osMinor", "osPatch", "osPatchMinor",
            "osVersion", "deviceFamily",
        ],
    }) }}
{% endmacro %}
