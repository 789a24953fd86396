{#- Visitors are independent of each other. So an engine on one machine can make a large
    feature table from one part of the visitors after another. This is a condition that all
    visitors meet; create_table_as() replaces it by the condition of each part. None: the table
    is made in one go. -#}
{% macro visitor_parts(events, since=none) %}
    {{ return(adapter.dispatch("visitor_parts", "cdp")(events, since)) }}
{% endmacro %}

{% macro default__visitor_parts(events, since) %} {{ return(none) }} {% endmacro %}

{#- A unit test's events are no table. -#}
{% macro duckdb__visitor_parts(events, since) %}
    {% if not execute or not events.schema or load_relation(events) is none %} {{ return(none) }} {% endif %}
    {% set counted %}
        select count(*) from {{ events }}
        {{ "where " ~ since if since is not none }}
    {% endset %}
    {% set number = run_query(counted).rows[0][0] // var("events_per_part") + 1 %}
    {{ return(visitor_part(number)) }}
{% endmacro %}

{#- Of `number` parts the one of this index; none: all. -#}
{% macro visitor_part(number, index=none) %}
    {% set mine = "hash(domain_userid) % " ~ number ~ (" >= 0" if index is none else " = " ~ index) %}
    {{ return(
        ("true" if number == 1 else mine) ~ " /* visitors in " ~ number ~ " parts */"
    ) }}
{% endmacro %}

{#- One SELECT per part of the query; the query itself if it has no parts. -#}
{% macro select_by_parts(sql) %}
    {% set found = modules.re.search("/\\* visitors in ([0-9]+) parts \\*/", sql) %}
    {% if not found %} {{ return([sql]) }} {% endif %}
    {% set number, parts = found[1] | int, [] %}
    {% for index in range(number) %}
        {% do parts.append(sql | replace(visitor_part(number), visitor_part(number, index))) %}
    {% endfor %}
    {{ return(parts) }}
{% endmacro %}
