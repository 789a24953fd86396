{#- Further rows of the events that targets look for conversions in, as `union all` and a
    select: conversions that no single event shows, and events that name a user_id but no
    visitor. The latter count for every visitor of the person. The event_id of such a row
    begins with `conversion:`, because the visitor was not seen at it. -#}
{% macro conversions_as_events() %}
    {%- set rows = ref("tgt_conversions") -%}
    {%- set user_mapping = ref("stg_snowplow__user_mapping") -%}
    {%- set names = conversions() | selectattr("source", "in", ["page_views", "table"])
        | map(attribute="name") | list -%}
    {%- set given = {
        "event_id": "'conversion:' || conversions.conversion_id",
        "event_name": "'conversion:' || conversions.conversion_name",
        "domain_userid": "coalesce(conversions.domain_userid, user_mapping.domain_userid)",
        "event_tstamp": "conversions.conversion_tstamp",
        "arrival_tstamp": "conversions.conversion_tstamp",
    } -%}
    {%- if names %}
    union all

    select
        {%- for column in staged_event_columns() %}
        {{ given.get(column, "null") }} as {{ column }}
        {{- "," if not loop.last }}
        {%- endfor %}
    from {{ rows }} as conversions
    left join {{ user_mapping }} as user_mapping
        on conversions.user_id = user_mapping.user_id
    where
        conversions.conversion_name in ({{ text_literals(names) }})
        and coalesce(conversions.domain_userid, user_mapping.domain_userid) is not null
    {%- endif %}

    union all

    select
        {%- for column in staged_event_columns() %}
        {{ {
            "event_id": "'conversion:' || events.event_id",
            "domain_userid": "user_mapping.domain_userid",
        }.get(column, "events." ~ column) }} as {{ column }}
        {{- "," if not loop.last }}
        {%- endfor %}
    from (
        {{ subject_events(ref("stg_snowplow__events"), by_user_id=true) }}
        and domain_userid is null
        and ({{ any_outcome_condition() }})
    ) as events
    inner join {{ user_mapping }} as user_mapping on events.user_id = user_mapping.user_id
{% endmacro %}

{#- Is the event one that a target asks for by itself: a conversion or an order? -#}
{% macro any_outcome_condition() %}
    {% set conditions = [] %}
    {% for conversion in conversions() if conversion.source == "events" %}
        {% do conditions.append("(" ~ conversion_condition(conversion) ~ ")") %}
    {% endfor %}
    {% if value_settings() %} {% do conditions.append("(" ~ is_order() ~ ")") %} {% endif %}
    {{ return(conditions | join(" or ") or "false") }}
{% endmacro %}
