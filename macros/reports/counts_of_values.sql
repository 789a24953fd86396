{#- What rpt_event_intake counts of the events besides outcomes: name -> {column, outcome,
    expression, message}. Overridden in dbt unit tests, where there are no events. -#}
{% macro counted_of_events() %}
    {% set events = atomic_events() %}
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
    {% for name in (["page_view_id", "domain_sessionid"] if not modelled_table("page_views") else []) %}
        {% do out.update({name ~ "__missing": {
            "column": name, "outcome": "missing",
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

{#- The tables beside the events whose values are typed here, those of them that have values
    which may not be read: [{source, relation, counted}], `counted` as in counted_of_events(). -#}
{% macro counted_tables() %}
    {% set tables = [] %}
    {% for kind in ["page_views", "sessions", "users", "user_mapping"] %}
        {% set table = modelled_table(kind) %}
        {% set columns = graph.nodes["model.cdp.stg_snowplow__" ~ kind].columns if execute and table else {} %}
        {% set counted = {} %}
        {% for name, column in typed_columns_of(columns).items() %}
            {% set given = table.columns.get(column.unified_name or name, table.columns.get(name)) %}
            {% do counted.update(counted_column(given, column.type)) %}
        {% endfor %}
        {% if counted %}
            {% do tables.append({"source": kind, "relation": table.relation, "counted": counted}) %}
        {% endif %}
    {% endfor %}
    {% for conversion in conversions() if execute and conversion.source == "table" %}
        {% set table = conversion_table(conversion) %}
        {% set counted = {} %}
        {% for key in ["tstamp_column", "known_tstamp_column"] if key in conversion %}
            {% do counted.update(counted_column(
                conversion_table_column(conversion, conversion[key], table), "timestamp"
            )) %}
        {% endfor %}
        {% if counted %}
            {% do tables.append({
                "source": "conversion " ~ conversion.name, "relation": table.relation, "counted": counted,
            }) %}
        {% endif %}
    {% endfor %}
    {{ return(tables) }}
{% endmacro %}

{#- A column of a table, as an entry of `counted`; none where each value can be read. -#}
{% macro counted_column(column, type) %}
    {% set condition = unread_condition(column, type) %}
    {% if condition is none %} {{ return({}) }} {% endif %}
    {% set name = column.name | replace('"', "") | replace("`", "") | lower %}
    {{ return({"unread_" ~ modules.re.sub("[^a-z0-9]+", "_", name): {
        "column": name, "outcome": "unread",
        "expression": "count(case when " ~ condition ~ " then 1 end)",
        "message": unread_message(type),
    }}) }}
{% endmacro %}

{#- The same counts of one table, as rows of the report. -#}
{% macro counts_of_table(table) %}
    {% set sql %}
    select
        {{ sql_literal(table.source) }} as source,
        counts.column_name,
        counts.outcome,
        {{ chosen_count(table.counted) }} as num_events,
        counts.message
    from (
        select
            {%- for name, count in table.counted.items() %}
            {{ count.expression }} as {{ name }}{{ "," if not loop.last }}
            {%- endfor %}
        from {{ table.relation }}
    ) as arrived
    cross join ({{ counts_as_rows(table.counted) }}) as counts
    group by 1, 2, 3, 5
    having {{ chosen_count(table.counted) }} > 0
    {%- endset %}
    {{ return(sql) }}
{% endmacro %}

{#- The counts' names, one row each, so that one row of counts becomes a row per count. -#}
{% macro counts_as_rows(counted) %}
    {% set text = dbt.type_string() %}
    {% set rows = [] %}
    {% for name, count in counted.items() %}
        {% set row %}
        select
            '{{ name }}' as counted,
            {{ "cast(null as " ~ text ~ ")" if count.column is none else sql_literal(count.column) }} as column_name,
            '{{ count.outcome }}' as outcome,
            {{ "cast(null as " ~ text ~ ")" if count.message is none else sql_literal(count.message) }} as message
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
                {%- if count.outcome == "missing" %}
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
