{#- What rpt_event_intake counts of the events besides outcomes: name -> {column, outcome,
    expression, message}. Overridden in dbt unit tests, where there are no events. -#}
{% macro counted_of_events() %}
    {% set events = atomic_events() %}
    {% set zeros = "case when " ~ is_of_zeros("event_id") ~ " then event_id end" %}
    {% set out = {"num_duplicates": {
        "column": none, "outcome": "duplicate", "expression": "count(*)", "message": none,
    }} %}
    {% for name, column in counted_event_columns(events).items() %}
        {% do out.update({name ~ "__unread": {
            "column": column.column, "outcome": "unread",
            "expression": "count(case when " ~ counted_condition(name, column) ~ " then 1 end)",
            "message": unread_message(column.kind),
        }}) %}
    {% endfor %}
    {% do out.update({
        "event_name__missing": {
            "column": "event_name", "outcome": "unnamed",
            "expression": "count(case when event_name is null then 1 end)",
            "message": "An event without a name is no page view, no ping and none of a conversion's events",
        },
        "event_name__spelt": {
            "column": "event_name", "outcome": "spelt_differently",
            "expression": "count(case when event_name not in ('page_view', 'page_ping') and "
                ~ "replace(replace(replace(lower(event_name), '_', ''), '-', ''), ' ', '') in ('pageview', 'pageping') "
                ~ "then 1 end)",
            "message": "Only page_view and page_ping, spelt so, are page views and pings",
        },
        "event_id__repeated": {
            "column": "event_id", "outcome": "repeated", "of_kept": true,
            "expression": "count(" ~ zeros ~ ") - count(distinct " ~ zeros ~ ")",
            "message": "An event_id of zeros is on several events, which count as one. Give each event an id of "
                ~ "its own",
        },
    }) %}
    {% for name in (["page_view_id", "domain_sessionid"] if not modelled_table("page_views") else []) %}
        {% do out.update({name ~ "__missing": {
            "column": name, "outcome": "missing", "of_kept": true,
            "expression": "count(case when event_name = 'page_view' and " ~ name ~ " is null then 1 end)",
            "message": why_missing(events, name),
        }}) %}
    {% endfor %}
    {% for name in identifier_columns() %}
        {% do out.update({name ~ "__placeholder": {
            "column": name, "outcome": "placeholder",
            "expression": "count(case when " ~ name ~ "__is_placeholder then 1 end)",
            "message": "A placeholder (var placeholder_ids) is no identifier: it joins nothing",
        }}) %}
    {% endfor %}
    {{ return(out) }}
{% endmacro %}

{#- The counts' names, one row each, so that one row of counts becomes a row per count. -#}
{% macro counts_as_rows(counted) %}
    {% set rows = [] %}
    {% for name, count in counted.items() %}
        {% set row %}
        select
            '{{ name }}' as counted,
            {{ text_null() if count.column is none else sql_literal(count.column) }} as column_name,
            '{{ count.outcome }}' as outcome,
            {{ text_null() if count.message is none else sql_literal(count.message) }} as message
        {%- endset %}
        {% do rows.append(row) %}
    {% endfor %}
    {{ return(rows | join("\n        union all")) }}
{% endmacro %}

{#- The count that a row of counts_as_rows() names. -#}
{% macro chosen_count(counted) %}
    {% set sql %}
        sum(
            case counts.counted
                {%- for name, count in counted.items() %}
                {%- if count.of_kept %}
                when '{{ name }}'
                    then case when arrived.outcome = 'kept' then arrived.{{ name }} else 0 end
                {%- elif name == "num_duplicates" %}
                when 'num_duplicates'
                    then
                        case
                            when arrived.outcome = 'kept' then arrived.num_events - staged.num_staged
                            else 0
                        end
                {%- else %}
                when '{{ name }}' then arrived.{{ name }}
                {%- endif %}
                {%- endfor %}
            end
        )
    {%- endset %}
    {{ return(sql | trim) }}
{% endmacro %}
