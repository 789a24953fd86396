{#- The vars that say whose clock and whose identifier is believed. -#}
{% macro check_clock_and_people_vars() %}
    {% do require_var(
        "clock_outliers", var("clock_outliers") in ["set_aside", "keep"], "set_aside or keep"
    ) %}
    {% do require_var(
        "placeholder_ids", is_text_list(var("placeholder_ids")),
        "a list of texts, e.g. [undefined, anonymous]; quote those that YAML reads otherwise",
    ) %}
    {% set limit = var("max_visitors_per_user_id") %}
    {% do require_var(
        "max_visitors_per_user_id", limit is none or limit is integer and limit >= 1,
        "a whole number, 1 or more, or null",
    ) %}
{% endmacro %}
