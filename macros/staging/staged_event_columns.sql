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

{#- A select list that types the atomic columns and takes fields out of entities. -#}
{% macro typed_event_list(events) %}
    {% set columns = [] %}
    {% for name, column in event_columns().items() %}
        {% do columns.append(
            typed_column(events.columns.get(name), column.type) ~ " as " ~ name
        ) %}
    {% endfor %}
    {% set of_entities = entity_columns() %}
    {% for name, field in of_entities.items() %}
        {% set entity = events.columns.get(var("entities")[field.entity]) %}
        {% set fields = of_entities.values() | selectattr("entity", "equalto", field.entity)
            | map(attribute="field") | list %}
        {% do columns.append(entity_field(entity, field.field, fields) ~ " as " ~ name) %}
    {% endfor %}
    {% for name, field in event_field_columns().items() %}
        {% set own = self_describing_columns(events, field.event) %}
        {% do columns.append(event_field(own, field.field) ~ " as " ~ name) %}
    {% endfor %}
    {{ return(columns | join(",\n        ")) }}
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

{#- The source's columns of a self-describing event, whoever its vendor is, newest first:
    unstruct_event_com_snowplowanalytics_snowplow_submit_form_1 for submit_form. -#}
{% macro self_describing_columns(events, event) %}
    {% set versions = {} %}
    {% for name, column in events.columns.items() %}
        {% set found = modules.re.fullmatch(
            "unstruct_event_(?:.+_)?" ~ event ~ "_([0-9]+)((?:_[0-9]+)*)", name
        ) %}
        {% if found %}
            {% do versions.update({"%06d" % (found.group(1) | int) ~ found.group(2) ~ name: column}) %}
        {% endif %}
    {% endfor %}
    {% set newest_first = [] %}
    {% for key in versions | sort(reverse=true) %} {% do newest_first.append(versions[key]) %} {% endfor %}
    {{ return(newest_first) }}
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
