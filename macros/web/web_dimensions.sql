{#- What page views and sessions tell of an event besides numbers: column of the web table
    -> expression on `relation`, which has the columns of stg_snowplow__events. -#}
{% macro web_dimensions(relation) %}
    {% set own = relation ~ "." %}
    {% set class = own ~ "device_class" %}
    {% set dimensions = {} %}
    {% for name in referrer_columns() + [
        "geo_country", "geo_region", "geo_region_name", "geo_city", "geo_zipcode",
        "geo_latitude", "geo_longitude", "geo_timezone", "user_ipaddress", "useragent",
        "br_lang", "br_renderengine", "os_timezone",
        "device_class", "device_name", "agent_name", "operating_system_name",
    ] %}
        {% do dimensions.update({name: own ~ name}) %}
    {% endfor %}
    {% set device_category -%}
    case
        when {{ class }} in ('Desktop', 'Tablet') then {{ class }}
        when {{ class }} = 'Phone' then 'Mobile'
        else 'Other'
    end
    {%- endset %}
    {% set text = dbt.type_string() %}
    {% set screen_resolution -%}
    cast({{ own }}dvce_screenwidth as {{ text }}) || 'x' || cast({{ own }}dvce_screenheight as {{ text }})
    {%- endset %}
    {% do dimensions.update({
        "device_category": device_category,
        "screen_resolution": screen_resolution,
        "spider_or_robot": "lower(" ~ own ~ "spider_or_robot) = 'true'",
    }) %}
    {% for entity, fields in enrichment_fields().items() %}
        {% for field in fields %}
            {% do dimensions.update({
                snake_case(field): own ~ entity_column(entity ~ "." ~ field),
            }) %}
        {% endfor %}
    {% endfor %}
    {{ return(dimensions) }}
{% endmacro %}

{#- The same as a select list. -#}
{% macro web_dimension_list(relation) %}
    {% set list = [] %}
    {% for name, expression in web_dimensions(relation).items() %}
        {% do list.append(
            expression if expression == relation ~ "." ~ name else expression ~ " as " ~ name
        ) %}
    {% endfor %}
    {{ return(list | join(",\n        ")) }}
{% endmacro %}

{#- Where a visit came from. -#}
{% macro referrer_columns() %}
    {{ return([
        "refr_urlscheme", "refr_urlhost", "refr_urlpath", "refr_urlquery",
        "refr_urlfragment", "refr_medium", "refr_source", "refr_term",
        "mkt_medium", "mkt_source", "mkt_term", "mkt_content", "mkt_campaign",
        "mkt_clickid", "mkt_network",
    ]) }}
{% endmacro %}

{% macro page_columns() %}
    {{ return([
        "page_title", "page_url", "page_urlscheme", "page_urlhost", "page_urlpath",
        "page_urlquery", "page_urlfragment",
    ]) }}
{% endmacro %}

{#- Columns of `relation` as a select list, `prefix` put before their names. -#}
{% macro prefixed_column_list(relation, columns, prefix="") %}
    {% set list = [] %}
    {% for name in columns %}
        {% do list.append(
            relation ~ "." ~ name ~ (" as " ~ prefix ~ name if prefix else "")
        ) %}
    {% endfor %}
    {{ return(list | join(",\n        ")) }}
{% endmacro %}
