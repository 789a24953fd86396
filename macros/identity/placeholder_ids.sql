{#- The columns of events that say whose or which something is: a placeholder in one is none. -#}
{% macro identifier_columns() %}
    {{ return(["event_id", "domain_userid", "user_id", "network_userid", "domain_sessionid"]) }}
{% endmacro %}

{#- Is the text one that stands for no identifier: of var placeholder_ids, in any case of letters,
    or made of zeros and dashes alone, as the GUID of zeros? Of events only the GUID is one:
    numbered events may begin with 0 or 000. -#}
{% macro is_placeholder_id(text, column=none) %}
    {% set words = [] %}
    {% for word in var("placeholder_ids") %} {% do words.append(word | string | lower) %} {% endfor %}
    {% set zeros = "replace(replace(trim(" ~ text ~ "), '0', ''), '-', '') = ''" %}
    {% if column == "event_id" %} {% set zeros = zeros ~ " and length(trim(" ~ text ~ ")) >= 32" %} {% endif %}
    {% if not words %} {{ return("(" ~ zeros ~ ")") }} {% endif %}
    {{ return(
        "(lower(trim(" ~ text ~ ")) in (" ~ text_literals(words | unique | sort) ~ ") or " ~ zeros ~ ")"
    ) }}
{% endmacro %}

{#- An identifier, null where it is a placeholder. -#}
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
