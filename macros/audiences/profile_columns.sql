{#- The visitor features that a visitor's profile holds: those whose `meta` says
    `profile: true`. -#}
{% macro profile_columns() %}
    {% set names = [] %}
    {% for name, column in visitor_feature_definitions().items() if column.meta.profile %}
        {% do names.append(name) %}
    {% endfor %}
    {{ return(names) }}
{% endmacro %}

{#- SQL: the columns of this audience whose `meta` says `profile: true`, each after a comma: of
    `visitors`, or else what `otherwise` has for it. A column whose feature is gone stays, and is
    null, so that what Census reads keeps its columns. -#}
{% macro profile_list(otherwise) %}
    {% set known = profile_columns() %}
    {% set list = [] %}
    {% for name, column in model.columns.items() if column.config.meta.profile %}
        {% set values = ["visitors." ~ name] if name in known else [] %}
        {% do values.append(otherwise[name]) if name in otherwise %}
        {% if execute and not values %}
            {% do exceptions.warn(
                model.name ~ "." ~ name ~ " is null: no visitor feature of that name has "
                ~ "`profile: true`. Take the column out of models/audiences/aud.yml once nobody syncs it."
            ) %}
            {% do values.append("cast(null as " ~ column.data_type ~ ")") %}
        {% endif %}
        {% do list.append(
            ",\n        " ~ ("coalesce(" ~ values | join(", ") ~ ")" if values | length > 1 else values | first)
            ~ " as " ~ name
        ) %}
    {% endfor %}
    {{ return(list | join) }}
{% endmacro %}
