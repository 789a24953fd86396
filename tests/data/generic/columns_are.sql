{#- The relation has exactly these columns: the contract of a Python model. -#}
{% test columns_are(model, columns) %}

{%- set expected = columns | map("lower") | sort -%}
{%- set found = [] -%}
{%- if execute -%}
    {%- for column in adapter.get_columns_in_relation(model) -%}
        {%- do found.append(column.name | lower) -%}
    {%- endfor -%}
{%- endif %}

select
    '{{ found | sort | join(", ") }}' as columns_found,
    '{{ expected | join(", ") }}' as columns_expected
where {{ "false" if found | sort == expected else "true" }}

{% endtest %}
