{#- The columns of events that say whose or which something is: a placeholder in one is none. -#}
{% macro identifier_columns() %}
    {{ return(["event_id", "domain_userid", "user_id", "network_userid", "domain_sessionid"]) }}
{% endmacro %}

{#- Does the text stand for no identifier? So do the texts of var placeholder_ids, in any case
    of letters, and texts of zeros and dashes alone, such as a GUID of zeros. Zeros can be an
    event_id, because events may be numbered from 0; rpt_event_intake counts a repeated one. -#}
{% macro is_placeholder_id(text, column=none) %}
    {% set words = [] %}
    {% for word in var("placeholder_ids") %} {% do words.append(word | string | lower) %} {% endfor %}
    {% set is_word = "lower(trim(" ~ text ~ ")) in (" ~ text_literals(words | unique | sort) ~ ")" %}
    {% set found = ([is_word] if words else []) + ([is_of_zeros(text)] if column != "event_id" else []) %}
    {{ return("(" ~ (found | join(" or ") or "false") ~ ")") }}
{% endmacro %}

{% macro is_of_zeros(text) %}
    {{ return("replace(replace(trim(" ~ text ~ "), '0', ''), '-', '') = ''") }}
{% endmacro %}

{#- An identifier; null if it is a placeholder. -#}
{% macro known_id(text, column=none) %}
    {{ return("case when not " ~ is_placeholder_id(text, column) ~ " then " ~ text ~ " end") }}
{% endmacro %}

{#- A select list: which identifiers of an event are placeholders, as <column>__is_placeholder. -#}
{% macro placeholder_list(events) %}
    {% set list = [] %}
    {% for name in identifier_columns() %}
        {% do list.append(
            "coalesce(" ~ is_placeholder_id(typed_column(events.columns.get(name), "text"), name)
            ~ ", false) as " ~ name ~ "__is_placeholder"
        ) %}
    {% endfor %}
    {{ return(list | join(",\n        ")) }}
{% endmacro %}
