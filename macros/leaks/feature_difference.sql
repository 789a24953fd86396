{#- SQL: 'column is 5, from the events before the moment 3; ' if that shows a leak. A row that
    this run has built must agree; an older one must not count more than there was. -#}
{% macro feature_difference(name, definition) %}
    {% set stored, again = "sampled." ~ name, "computed." ~ name %}
    {% set compared_as = aggregations().get(definition.get("aggregation"), {}).get("compared_as") %}
    {% set more, differs = "false", stored ~ " <> " ~ again %}
    {% if compared_as == "count" %}
        {% set more = stored ~ " > " ~ again %}
    {% elif compared_as == "flag" %}
        {% set more = stored ~ " and not " ~ again %}
    {% elif compared_as == "number" %}
        {#- infinity minus infinity is no number, and no difference -#}
        {% set differs -%}
        (
            {{ stored }} <> {{ again }}
            and abs({{ stored }} - {{ again }}) > 0.000001 * (1 + abs({{ again }}))
        )
        {%- endset %}
    {% endif %}
    {% set text = dbt.type_string() %}
    {% set sql -%}
    case
        when
            coalesce({{ more }}, false)
            or (
                sampled.is_of_this_run
                and coalesce({{ differs }}, ({{ stored }} is null) <> ({{ again }} is null))
            )
            then '{{ name }} is ' || coalesce(cast({{ stored }} as {{ text }}), 'null')
                || ', from the events before the moment '
                || coalesce(cast({{ again }} as {{ text }}), 'null') || '; '
        else ''
    end
    {%- endset %}
    {{ return(sql) }}
{% endmacro %}
