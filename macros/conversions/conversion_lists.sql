{#- Select list: when each conversion was complete, of rows of tgt_conversions numbered by
    person; `tstamp` as SQL, `suffix` of the columns' names. -#}
{% macro completed_conversion_list(tstamp, prefix, suffix) %}
    {% set list = [] %}
    {% for conversion in conversions() %}
        {% set column -%}
        min(
            case
                when
                    conversion_name = {{ sql_literal(conversion.name) }}
                    and number = {{ conversion.min_count }}
                    then {{ tstamp }}
            end
        ) as {{ prefix ~ conversion.name ~ suffix }}
        {%- endset %}
        {% do list.append(column) %}
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
