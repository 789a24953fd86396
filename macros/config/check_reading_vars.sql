{#- The vars that say how values are read. -#}
{% macro check_reading_vars() %}
    {% do require_var(
        "null_markers", is_text_list(var("null_markers")),
        "a list of texts, in quotes where YAML would take them for nothing, e.g. ['NULL', 'n/a']",
    ) %}
    {% do require_var(
        "date_order", var("date_order") in [none, "dmy", "mdy"],
        "dmy (03/04/2024 is 3 April), mdy (it is 4 March) or null (such times are not read)",
    ) %}
{% endmacro %}
