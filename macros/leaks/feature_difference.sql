{#- SQL: 'column is 5, from the events before the moment 3; ' where that shows a leak. -#}
{% macro feature_difference(name, definition) %}
    {% set stored, again = "sampled." ~ name, "computed." ~ name %}
    {% set aggregation = definition.get("aggregation", "") %}
    {% set text = dbt.type_string() %}
    {% if aggregation in ["counter", "unique_count"] %}
        {% set more, differs = stored ~ " > " ~ again, stored ~ " <> " ~ again %}
    {% elif aggregation in ["sum", "mean", "min", "max", "time_since_first", "time_since_last"] %}
        {% set more = "false" %}
        {#- infinity minus infinity is no number, and no difference -#}
        {% set differs = "(" ~ stored ~ " <> " ~ again ~ " and abs(" ~ stored ~ " - " ~ again
            ~ ") > 0.000001 * (1 + abs(" ~ again ~ ")))" %}
    {% elif aggregation == "any" %}
        {% set more, differs = stored ~ " and not " ~ again, stored ~ " <> " ~ again %}
    {% else %}
        {% set more, differs = "false", stored ~ " <> " ~ again %}
    {% endif %}
    {{ return(
        "case when coalesce(" ~ more ~ ", false) or (sampled.is_of_this_run and coalesce("
        ~ differs ~ ", (" ~ stored ~ " is null) <> (" ~ again ~ " is null))) then '" ~ name
        ~ " is ' || coalesce(cast(" ~ stored ~ " as " ~ text ~ "), 'null')"
        ~ " || ', from the events before the moment ' || coalesce(cast(" ~ again ~ " as "
        ~ text ~ "), 'null') || '; ' else '' end"
    ) }}
{% endmacro %}
