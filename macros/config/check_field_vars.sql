{#- The vars that name fields of entities and of self-describing events, and their schemas. -#}
{% macro check_field_vars() %}
    {% for field in var("entity_fields") %}
        {% do require_var(
            "entity_fields", field.split(".") | length == 2 and field.split(".")[0] in var("entities"),
            "fields as entity.field, with one of the entities " ~ var("entities").keys() | join(", "),
        ) %}
    {% endfor %}
    {% for field in var("event_fields") %}
        {% do require_var(
            "event_fields",
            modules.re.fullmatch("[a-z][a-z0-9_]*[.][A-Za-z][A-Za-z0-9_]*", field)
            and field.split(".")[0] not in var("entities"),
            "fields as event_name.field, e.g. [submit_form.form_id], of events whose name is "
            ~ "none of the entities " ~ var("entities").keys() | join(", "),
        ) %}
    {% endfor %}
    {% do require_var(
        "signals_schemas", var("signals_schemas") is mapping,
        "schemas by entity or event, e.g. {product: com.acme/product/1}, or {}",
    ) %}
    {% for name, schema in var("signals_schemas").items() %}
        {% do require_var(
            "signals_schemas",
            modules.re.fullmatch("[A-Za-z0-9_.-]+/[A-Za-z0-9_-]{1,128}/[1-9][0-9]*", schema | string),
            "schemas as vendor/name/major version, e.g. {product: com.acme/product/1}",
        ) %}
    {% endfor %}
{% endmacro %}
