{#- Conversions that are made of more than an event, as further rows of the events that
    targets look for conversions in: `union all` and a select, or nothing. One told by
    user_id happens to every device of the person. -#}
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
{% endmacro %}
