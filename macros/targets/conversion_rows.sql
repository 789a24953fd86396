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
        {{ text_null() }} as user_id,
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
        {{ text_null() }} as user_id,
        min(event_tstamp) as conversion_tstamp
    from {{ engaged }}
    where {{ page_view_criteria(conversion) }}
    group by page_view_id, domain_userid
    {%- endset %}
    {{ return(rows) }}
{% endmacro %}

{#- The page views themselves, where they are all there is. What one was engaged for is
    known when it ended. -#}
{% macro conversion_rows_of_page_views(conversion, page_views) %}
    {% set rows %}
    select
        {{ sql_literal(conversion.name) }} as conversion_name,
        page_view_id as conversion_id,
        domain_userid,
        {{ text_null() }} as user_id,
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
    {% set columns = {"engaged_time_in_s": "engaged_time_in_s"} %}
    {% for column in staged_event_columns() %} {% do columns.update({column: column}) %} {% endfor %}
    {{ return(event_condition(
        criteria=conversion.criteria, what="conversion " ~ conversion.name, columns=columns
    )) }}
{% endmacro %}

{#- A row of a table counts from its time, or from when it was known where that is more
    than `arrival_tolerance` later: as events do. -#}
{% macro conversion_rows_of_table(conversion) %}
    {% set table = conversion_table(conversion) %}
    {% set user = conversion_table_column(conversion, conversion_user_column(conversion), table) %}
    {% set tstamp = typed_column(
        conversion_table_column(conversion, conversion.tstamp_column, table), "timestamp"
    ) %}
    {% if "known_tstamp_column" in conversion %}
        {% set known = typed_column(
            conversion_table_column(conversion, conversion.known_tstamp_column, table), "timestamp"
        ) %}
        {% set tstamp = "case when " ~ epoch_us(known) ~ " - " ~ epoch_us(tstamp) ~ " > "
            ~ iso_duration_us(var("arrival_tolerance")) ~ " then " ~ known ~ " else " ~ tstamp ~ " end" %}
    {% endif %}
    {% set columns = {} %}
    {% for name, column in table.columns.items() %}
        {% do columns.update({name: column.name}) %}
    {% endfor %}
    {% set who = typed_column(user, "text") %}
    {% set by_user_id = "user_id_column" in conversion %}
    {% set rows %}
    select distinct
        {{ sql_literal(conversion.name) }} as conversion_name,
        {{ who }} || ' ' || cast({{ epoch_us(tstamp) }} as {{ dbt.type_string() }}) as conversion_id,
        {{ text_null() if by_user_id else who }} as domain_userid,
        {{ who if by_user_id else text_null() }} as user_id,
        {{ tstamp }} as conversion_tstamp
    from {{ table.relation }}
    where
        {{ who }} is not null
        and {{ tstamp }} is not null
        and {{ event_condition(
            criteria=conversion.criteria, what="conversion " ~ conversion.name, columns=columns
        ) }}
    {%- endset %}
    {{ return(rows) }}
{% endmacro %}

{% macro conversion_user_column(conversion) %}
    {{ return(conversion.get("user_id_column") or conversion.get("domain_userid_column")) }}
{% endmacro %}

{% macro conversion_table_column(conversion, name, table) %}
    {% if name | lower not in table.columns %}
        {{ definition_error(
            "conversion " ~ conversion.name ~ ", table " ~ conversion.table, "column", name,
            table.columns | sort | join(", ")
        ) }}
    {% endif %}
    {{ return(table.columns[name | lower]) }}
{% endmacro %}

{#- Checks what a conversion is made of, on run start: its criteria, its table. -#}
{% macro check_conversion(conversion) %}
    {% if conversion.source == "events" %}
        {% do conversion_condition(conversion) %}
    {% elif conversion.source == "page_views" %}
        {% do page_view_criteria(conversion) %}
    {% else %}
        {% do conversion_rows_of_table(conversion) %}
    {% endif %}
{% endmacro %}

{#- Select list: when each conversion was complete, of rows of tgt_conversions numbered by
    person; `tstamp` as SQL, `suffix` of the columns' names. -#}
{% macro completed_conversion_list(tstamp, prefix, suffix) %}
    {% set list = [] %}
    {% for conversion in conversions() %}
        {% do list.append(
            "min(case when conversion_name = " ~ sql_literal(conversion.name) ~ " and number = "
            ~ conversion.min_count ~ " then " ~ tstamp ~ " end) as " ~ prefix ~ conversion.name ~ suffix
        ) %}
    {% endfor %}
    {{ return(list | join(",\n        ")) }}
{% endmacro %}

{% macro first_conversion_columns(relation) %}
    {% set list = [] %}
    {% for conversion in conversions() %}
        {% do list.append(relation ~ ".first_" ~ conversion.name ~ "_tstamp") %}
    {% endfor %}
    {{ return(list | join(",\n        ")) }}
{% endmacro %}

{#- Select list: per conversion, was it complete before the first visit was over, and did it
    follow within the horizon? -#}
{% macro first_touch_target_list(end_us) %}
    {% set over_us = end_us ~ " + " ~ iso_duration_us(var("session_timeout")) %}
    {% set horizon = var("first_touch_horizon") %}
    {% set list = [] %}
    {% for conversion in conversions() %}
        {% do list.append(
            "coalesce(" ~ epoch_us("people.first_" ~ conversion.name ~ "_tstamp") ~ " < " ~ over_us
            ~ ", false) as had_" ~ conversion.name ~ "_in_first_visit"
        ) %}
        {% do list.append(
            target_value(
                "completed." ~ conversion.name ~ "_us", end_us, horizon, epoch_us("as_of.as_of_tstamp")
            ) ~ " as " ~ target_column(conversion, horizon)
        ) %}
    {% endfor %}
    {{ return(list | join(",\n        ")) }}
{% endmacro %}
