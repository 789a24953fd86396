{#- Whole seconds from one timestamp to another, both cut to the second. -#}
{% macro seconds_between(start, end) %}
    {% set start_us = epoch_us(start) %}
    {% set end_us = epoch_us(end) %}
    {% set sql -%}
    cast((
        {{ end_us }} - mod({{ end_us }}, 1000000) - {{ start_us }} + mod({{ start_us }}, 1000000)
    ) / 1000000 as {{ dbt.type_bigint() }})
    {%- endset %}
    {{ return(sql) }}
{% endmacro %}

{#- The heartbeat of the device's clock that a ping falls into, by its start. -#}
{% macro heartbeat_of_ping(timestamp) %}
    {% set us = epoch_us(timestamp) %}
    {{ return(us ~ " - mod(" ~ us ~ ", " ~ var("heartbeat") * 1000000 ~ ")") }}
{% endmacro %}

{#- Seconds engaged with a page that had pings in so many heartbeats. -#}
{% macro engaged_seconds(num_heartbeats) %}
    {{ return(
        var("heartbeat") ~ " * (" ~ num_heartbeats ~ " - 1) + " ~ var("min_visit_length")
    ) }}
{% endmacro %}

{#- The farthest scroll offset of a group of events, kept within the page. -#}
{% macro scrolled_pixels(offset, size) %}
    {{ return("greatest(least(max(coalesce(" ~ offset ~ ", 0)), max(" ~ size ~ ")), 0)") }}
{% endmacro %}

{#- Share of the page that was seen, in percent: down to the foot of the viewport. -#}
{% macro scrolled_percentage(pixels, viewport, size) %}
    {% set sql -%}
    cast(round(100.0 * least({{ pixels }} + {{ viewport }}, {{ size }}) / {{ size }}) as double)
    {%- endset %}
    {{ return(sql) }}
{% endmacro %}

{#- The value of a parameter of a query string as it stands there, or null. -#}
{% macro query_parameter(query, name) %}
    {% set after = dbt.split_part("'&' || " ~ query, "'&" ~ name ~ "='", 2) %}
    {{ return("nullif(" ~ dbt.split_part(after, "'&'", 1) ~ ", '')") }}
{% endmacro %}
