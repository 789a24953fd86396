{#- What lets a person read the compiled SQL: names of periods, and which features a helper
    column serves. -#}

{#- l7d, l1h, l90min, l10s: a period of microseconds as feature names end in it. -#}
{% macro period_name(us) %}
    {% set units = {"d": 86400000000, "h": 3600000000, "min": 60000000, "s": 1000000, "us": 1} %}
    {% for unit, size in units.items() if us % size == 0 %}
        {% if loop.first %} {{ return("l" ~ us // size ~ unit) }} {% endif %}
    {% endfor %}
{% endmacro %}

{#- One line on a feature: its aggregation, of what, over which period, of which events. -#}
{% macro feature_comment(feature) %}
    {% set conditions = feature.get("conditions", []) | map(attribute="condition") | list %}
    {% set words = [feature.aggregation] %}
    {% if feature.get("value") %} {% do words.append("of " ~ feature.value) %} {% endif %}
    {% if feature.get("period") %} {% do words.append("over " ~ period_name(feature.period)) %} {% endif %}
    {% if conditions and conditions != ["true"] %}
        {% do words.append("where " ~ conditions | join(" or ")) %}
    {% endif %}
    {#- Spark continues a comment that ends in a backslash on the next line. -#}
    {% set text = words | join(" ") | replace("\\", "") %}
    {{ return(modules.re.sub("\\s+", " ", text) | truncate(160, true)) }}
{% endmacro %}

{#- Helper column -> names of the features that it serves. `stages` are {SQL: name}, those
    that outputs read first; a column serves what each column built on it serves. -#}
{% macro features_served(outputs, stages) %}
    {% set served = {} %}
    {% for feature, sql in outputs.items() %}
        {% for name in helper_columns(sql) %} {% do served.setdefault(name, []).append(feature) %} {% endfor %}
    {% endfor %}
    {% for stage in stages %}
        {% for sql, name in stage.items() %}
            {% for inner in helper_columns(sql) if inner != name %}
                {% set features = served.setdefault(inner, []) %}
                {% for feature in served.get(name, []) if feature not in features %}
                    {% do features.append(feature) %}
                {% endfor %}
            {% endfor %}
        {% endfor %}
    {% endfor %}
    {{ return(served) }}
{% endmacro %}

{#- The names in SQL that can be helper columns: letters and a number, as e5 or meaning_0. -#}
{% macro helper_columns(sql) %}
    {{ return(modules.re.findall("[a-z]+_?[0-9]+", sql) | unique | list) }}
{% endmacro %}

{#- `a, b, c and 4 more`. -#}
{% macro shortened_list(names) %}
    {% set more = names | length - 4 %}
    {{ return(names[:4] | join(", ") ~ (" and " ~ more ~ " more" if more > 0 else "")) }}
{% endmacro %}

{#- A comment line before a helper column; none where it serves no feature by itself. -#}
{% macro served_comment(name, served, indent=8) %}
    {% if served.get(name) %}
        {{ return("\n" ~ " " * indent ~ "-- " ~ name ~ ", for " ~ shortened_list(served[name])) }}
    {% endif %}
    {{ return("") }}
{% endmacro %}
