{#- The atomic columns this project reads: name -> {type, required}. `type` is one of
    text, timestamp, integer, float. A required column that is absent is an error; any
    other absent column is a typed null. -#}
{% macro event_columns() %}
    {% set columns = {} %}
    {% for name in [
        "event_id", "event_name", "domain_userid",
    ] %}
        {% do columns.update({name: {"type": "text", "required": true}}) %}
    {% endfor %}
    {% for name in [
        "derived_tstamp", "collector_tstamp", "dvce_created_tstamp", "dvce_sent_tstamp",
    ] %}
        {% do columns.update({name: {"type": "timestamp", "required": false}}) %}
    {% endfor %}
    {% for name in [
        "app_id", "platform", "user_id", "network_userid", "domain_sessionid",
        "page_url", "page_title", "page_urlscheme", "page_urlhost", "page_urlpath",
        "page_urlquery", "page_urlfragment", "page_referrer",
        "refr_urlscheme", "refr_urlhost", "refr_urlpath", "refr_urlquery",
        "refr_urlfragment", "refr_medium", "refr_source", "refr_term",
        "mkt_medium", "mkt_source", "mkt_term", "mkt_content", "mkt_campaign",
        "mkt_clickid", "mkt_network",
        "geo_country", "geo_region", "geo_region_name", "geo_city", "geo_zipcode",
        "geo_timezone", "user_ipaddress", "useragent", "br_lang", "br_colordepth",
        "br_renderengine", "os_timezone",
        "se_category", "se_action", "se_label", "se_property",
    ] %}
        {% do columns.update({name: {"type": "text", "required": false}}) %}
    {% endfor %}
    {% for name in [
        "domain_sessionidx", "pp_xoffset_max", "pp_yoffset_max", "doc_width", "doc_height",
        "br_viewwidth", "br_viewheight", "dvce_screenwidth", "dvce_screenheight",
    ] %}
        {% do columns.update({name: {"type": "integer", "required": false}}) %}
    {% endfor %}
    {% for name in ["geo_latitude", "geo_longitude", "se_value", "tr_total"] %}
        {% do columns.update({name: {"type": "float", "required": false}}) %}
    {% endfor %}
    {{ return(columns) }}
{% endmacro %}
