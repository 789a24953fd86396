{#- The columns of feat_person__first_touch as a select list over `visits`, one per definition
    {first_visit: property}. A text that is not known is empty, as in the visitor tables. -#}
{% macro first_visit_features(definitions, visits) %}
    {% set properties = first_visit_properties() %}
    {% set list = [] %}
    {% for name, definition in definitions.items() %}
        {% set property = definition.get("first_visit") if definition is mapping else none %}
        {% if property not in properties %}
            {{ definition_error(
                "feature " ~ name, "first_visit", property, properties | sort | join(", ")
            ) }}
        {% endif %}
        {% set column = visits ~ "." ~ property %}
        {% do list.append(
            ("coalesce(" ~ column ~ ", '')" if properties[property] == "text" else column)
            ~ " as " ~ name
        ) %}
    {% endfor %}
    {{ return(list | join(",\n        ")) }}
{% endmacro %}

{#- What a first visit can tell: columns of stg_snowplow__sessions, its farthest scroll and
    its moment. Nothing that identifies a person, and nothing that was learnt later. -#}
{% macro first_visit_properties() %}
    {% set properties = {} %}
    {% for name in [
        "app_id", "platform",
        "first_page_title", "first_page_url", "first_page_urlhost", "first_page_urlpath",
        "first_page_urlquery", "first_page_urlfragment",
        "last_page_title", "last_page_url", "last_page_urlhost", "last_page_urlpath",
        "referrer", "refr_urlhost", "refr_urlpath", "refr_medium", "refr_source", "refr_term",
        "mkt_medium", "mkt_source", "mkt_term", "mkt_content", "mkt_campaign", "mkt_network",
        "geo_country", "geo_region", "geo_region_name", "geo_city", "geo_timezone",
        "br_lang", "br_renderengine", "os_timezone", "os_family", "screen_resolution",
        "device_category", "device_family", "device_class", "device_brand", "device_name",
        "agent_class", "agent_name", "operating_system_class", "operating_system_name",
    ] %}
        {% do properties.update({name: "text"}) %}
    {% endfor %}
    {% for name in [
        "page_views", "engaged_time_in_s", "absolute_time_in_s",
        "vertical_percentage_scrolled", "hour_of_day", "day_of_week",
    ] %}
        {% do properties.update({name: "number"}) %}
    {% endfor %}
    {{ return(properties) }}
{% endmacro %}
