{#- One CTE a conversion, converted_<name>: when each subject completed it first, that is,
    by its min_count-th qualifying event. -#}
{% macro first_conversions(events) %}
    {%- for conversion in conversions() %}
ranked_{{ conversion.name }} as (

    select
        domain_userid,
        event_tstamp,
        row_number() over (
            partition by domain_userid order by event_tstamp, event_id
        ) as number
    from {{ events }}
    where {{ conversion_condition(conversion) }}

),

converted_{{ conversion.name }} as (

    select
        domain_userid,
        event_tstamp as first_{{ conversion.name }}_tstamp
    from ranked_{{ conversion.name }}
    where number = {{ conversion.min_count }}

),
    {%- endfor %}
{% endmacro %}

{% macro first_conversion_list() %}
    {% set columns = [] %}
    {% for conversion in conversions() %}
        {% do columns.append(
            "converted_" ~ conversion.name ~ ".first_" ~ conversion.name ~ "_tstamp"
        ) %}
    {% endfor %}
    {{ return(columns | join(",\n        ")) }}
{% endmacro %}

{% macro join_first_conversions(seen) %}
    {%- for conversion in conversions() %}
    left join converted_{{ conversion.name }}
        on {{ seen }}.domain_userid = converted_{{ conversion.name }}.domain_userid
    {%- endfor %}
{% endmacro %}
