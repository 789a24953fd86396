{#- The tables beside the events whose values are typed here, those of them that have values
    which may not be read: [{source, relation, counted}], `counted` as in counted_of_events(). -#}
{% macro counted_tables() %}
    {% set tables = [] %}
    {% for kind in ["page_views", "sessions", "users", "user_mapping"] %}
        {% set table = modelled_table(kind) %}
        {% set columns = typed_columns_of(
            graph.nodes["model.cdp.stg_snowplow__" ~ kind].columns if execute and table else {}
        ) %}
        {% set counted = {} %}
        {% for name, column in columns.items() %}
            {% set given = table.columns.get(column.unified_name or name, table.columns.get(name)) %}
            {% do counted.update(counted_column(given, column.type)) %}
            {% do counted.update(counted_gaps(
                given, name in identifier_columns(), name in web_key_columns(columns)
            )) %}
        {% endfor %}
        {% if counted %}
            {% do tables.append({"source": kind, "relation": table.relation, "counted": counted}) %}
        {% endif %}
    {% endfor %}
    {% for conversion in conversions() if execute and conversion.source == "table" %}
        {% set table = conversion_table(conversion) %}
        {% set user = conversion_table_column(conversion, conversion_user_key(conversion), table) %}
        {% set time = conversion_table_column(conversion, "tstamp_column", table) %}
        {% set counted = {} %}
        {% do counted.update(counted_gaps(user, true, true)) %}
        {% do counted.update(counted_gaps(time, false, true)) %}
        {% for key in ["tstamp_column", "known_tstamp_column"] if key in conversion %}
            {% do counted.update(counted_column(
                conversion_table_column(conversion, key, table), "timestamp"
            )) %}
        {% endfor %}
        {#- what a criterion compares with a number -#}
        {% for criterion in (conversion.criteria or {}).values() | select | sum(start=[]) %}
            {% set value = criterion.get("value") %}
            {% set compared = value if value is sequence and value is not string else [value] %}
            {% if compared | reject("boolean") | select("number") | list %}
                {% do counted.update(counted_column(table.columns.get(criterion.property | lower), "float")) %}
            {% endif %}
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
    {% set spelt = spelt_name(column.name) %}
    {{ return({"unread_" ~ modules.re.sub("[^a-z0-9]+", "_", spelt): {
        "column": spelt, "outcome": "unread",
        "expression": "count(case when " ~ condition ~ " then 1 end)",
        "message": unread_message(type),
    }}) }}
{% endmacro %}

{#- The same of an identifier that may be a placeholder, and of a value that a row needs. -#}
{% macro counted_gaps(column, is_identifier, is_needed) %}
    {% if column is none %} {{ return({}) }} {% endif %}
    {% set spelt = spelt_name(column.name) %}
    {% set name = modules.re.sub("[^a-z0-9]+", "_", spelt) %}
    {% set counted = {} %}
    {% if is_identifier %}
        {% do counted.update({"placeholder_" ~ name: {
            "column": spelt, "outcome": "placeholder",
            "expression": "count(case when " ~ is_placeholder_id(typed_column(column, "text")) ~ " then 1 end)",
            "message": "A placeholder (var placeholder_ids) is no identifier: it joins nothing",
        }}) %}
    {% endif %}
    {% if is_needed %}
        {% do counted.update({"missing_" ~ name: {
            "column": spelt, "outcome": "missing",
            "expression": "count(case when not " ~ value_is_there(column) ~ " then 1 end)",
            "message": "A row without it is left out",
        }}) %}
    {% endif %}
    {{ return(counted) }}
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
