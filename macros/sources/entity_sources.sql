{#- The columns that may hold an entity of var entities, best first: each version of its schema,
    the highest first, whatever the version the var names; then what `contexts` and
    `derived_contexts` hold of it. -#}
{% macro entity_sources(events, entity) %}
    {% set sources = versions_of_column(events, modules.re.escape(entity_stem(entity))) %}
    {% if contexts_columns(events) %}
        {% do sources.append({"name": entity ~ "__in_contexts", "type": entity_json_type()}) %}
    {% endif %}
    {{ return(sources) }}
{% endmacro %}

{#- The configured column without its version: contexts_com_acme_product_1_0_0 -> ..._product. -#}
{% macro entity_stem(entity) %}
    {{ return(modules.re.sub("(_[0-9]+)+$", "", var("entities")[entity] | lower)) }}
{% endmacro %}

{#- The source's columns of a name, an expression, and any version, the highest first. -#}
{% macro versions_of_column(events, stem) %}
    {% set versions = {} %}
    {% for name, column in events.columns.items() %}
        {% set found = modules.re.fullmatch(stem ~ "((?:_[0-9]+)*)", name) %}
        {% if found %}
            {% set numbers = [] %}
            {% for number in found.group(1).split("_") if number %}
                {% do numbers.append("%06d" % (number | int)) %}
            {% endfor %}
            {% do versions.update({numbers | join(".") ~ " " ~ name: column}) %}
        {% endif %}
    {% endfor %}
    {% set highest_first = [] %}
    {% for key in versions | sort(reverse=true) %} {% do highest_first.append(versions[key]) %} {% endfor %}
    {{ return(highest_first) }}
{% endmacro %}

{#- The columns that hold entities of every schema, as trackers and enrichments write them. -#}
{% macro contexts_columns(events) %}
    {% set found = [] %}
    {% for name in ["contexts", "derived_contexts"] if name in events.columns %}
        {% do found.append(events.columns[name]) %}
    {% endfor %}
    {{ return(found) }}
{% endmacro %}

{#- What the address of an entity's schema looks like: iglu:com.acme/product/jsonschema/1-0-0 for
    the column contexts_com_acme_product_1, in which dots, dashes and capitals are lost. -#}
{% macro entity_schema(entity) %}
    {% set words = modules.re.sub("^contexts_", "", entity_stem(entity)).split("_") %}
    {{ return("^iglu:" ~ words | join("[./_-]?") ~ "/jsonschema/.*") }}
{% endmacro %}

{#- The entities of `contexts` as columns of their own, as the end of a select list. -#}
{% macro entities_in_contexts(events) %}
    {% set list = [] %}
    {% for entity in var("entities") if contexts_columns(events) %}
        {% do list.append(
            ",\n        " ~ entity_in_contexts(contexts_columns(events), entity_schema(entity))
            ~ " as " ~ entity ~ "__in_contexts"
        ) %}
    {% endfor %}
    {{ return(list | join) }}
{% endmacro %}

{#- The source's columns of a self-describing event, whoever its vendor is, highest version
    first: unstruct_event_com_snowplowanalytics_snowplow_submit_form_1 for submit_form; then
    `unstruct_event`, in which {schema, data} wraps {schema, data}. -#}
{% macro self_describing_columns(events, event) %}
    {% set columns = versions_of_column(events, "unstruct_event_(?:.+_)?" ~ event) %}
    {% set any_event = events.columns.get("unstruct_event") %}
    {% if any_event is not none %}
        {% do columns.append({"name": any_event.name, "type": any_event.type, "wraps": true}) %}
    {% endif %}
    {{ return(columns) }}
{% endmacro %}

{#- Is a row of this event, by its own name? `start_checkout` ends as `checkout` does, and so do
    the columns of both; addToCart is add_to_cart. -#}
{% macro is_event_named(events, event) %}
    {% set name = events.columns.get("event_name") %}
    {% if name is none %} {{ return("false") }} {% endif %}
    {{ return(
        "replace(replace(lower(" ~ source_text(name) ~ "), '_', ''), '-', '') = "
        ~ sql_literal(event | replace("_", ""))
    ) }}
{% endmacro %}
