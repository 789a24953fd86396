{#- SQL of tgt_conversions' rows, by where a conversion is found: conversion_name,
    conversion_id, domain_userid or user_id, conversion_tstamp. `page_views` holds rows
    where there are web tables and no events. -#}
{% macro conversion_rows(conversion, events, engaged, page_views) %}
    {% set parts = [] %}
    {% if conversion.source == "table" %}
        {% do parts.append(conversion_rows_of_table(conversion)) %}
    {% elif conversion.source == "page_views" %}
        {% do parts.append(conversion_rows_of_pings(conversion, engaged)) %}
    {% else %}
        {% do parts.append(conversion_rows_of_events(conversion, events)) %}
    {% endif %}
    {% if is_told_by_page_views(conversion) %}
        {% do parts.append(conversion_rows_of_page_views(conversion, page_views)) %}
    {% endif %}
    {{ return(parts | join("\n    union all\n    ")) }}
{% endmacro %}

{% macro conversion_rows_of_events(conversion, events) %}
    {% set rows %}
    select
        {{ sql_literal(conversion.name) }} as conversion_name,
        event_id as conversion_id,
        domain_userid,
        case when domain_userid is null then user_id end as user_id,
        event_tstamp as conversion_tstamp
    from {{ events }}
    where {{ conversion_condition(conversion) }}
    {%- endset %}
    {{ return(rows) }}
{% endmacro %}

{#- A page view converts with the first ping by which its criteria are met. -#}
{% macro conversion_rows_of_pings(conversion, engaged) %}
    {% set rows %}
    select
        {{ sql_literal(conversion.name) }} as conversion_name,
        page_view_id as conversion_id,
        domain_userid,
        case when domain_userid is null then max(user_id) end as user_id,
        min(event_tstamp) as conversion_tstamp
    from {{ engaged }}
    where {{ page_view_criteria(conversion) }}
    group by page_view_id, domain_userid
    {%- endset %}
    {{ return(rows) }}
{% endmacro %}

{#- The page views themselves, if there are no events. How long somebody was engaged is known
    when the page view ended. -#}
{% macro conversion_rows_of_page_views(conversion, page_views) %}
    {% set rows %}
    select
        {{ sql_literal(conversion.name) }} as conversion_name,
        page_view_id as conversion_id,
        domain_userid,
        case when domain_userid is null then user_id end as user_id,
        {{ "coalesce(end_tstamp, start_tstamp)" if conversion.source == "page_views"
            else "start_tstamp" }} as conversion_tstamp
    from {{ page_views }}
    where {{ page_view_criteria(conversion) }}
    {%- endset %}
    {{ return(rows) }}
{% endmacro %}

{#- Do the web tables hold what such a conversion is made of? -#}
{% macro is_told_by_page_views(conversion) %}
    {% set known = page_columns() + web_dimensions().keys() | list
        + ["app_id", "platform", "engaged_time_in_s"] %}
    {{ return(
        conversion.source != "table"
        and conversion.events in [[], ["page_view"]]
        and not properties_of(conversion.criteria) | reject("in", known) | list
    ) }}
{% endmacro %}

{% macro page_view_criteria(conversion) %}
    {% set columns = {"engaged_time_in_s": {"name": "engaged_time_in_s", "kind": "number"}} %}
    {% for name in staged_event_columns() %}
        {% do columns.update({name: {"name": name, "kind": property_kind(name)}}) %}
    {% endfor %}
    {{ return(event_condition(
        criteria=conversion.criteria, what="conversion " ~ conversion.name, columns=columns
    )) }}
{% endmacro %}
