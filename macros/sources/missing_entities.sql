{#- Entities of the var that the events do not have, while another column looks like them:
    configured column -> what to do. -#}
{% macro entities_named_differently(events) %}
    {% set out = {} %}
    {% for entity, configured in var("entities").items()
        if events.columns and not entity_sources(events, entity) %}
        {% set alike = [] %}
        {% for name in events.columns if looks_like_entity(name, entity) %} {% do alike.append(name) %} {% endfor %}
        {% if alike %}
            {% do out.update({configured:
                "there is no such column, and no `contexts`, so that nothing is known of the entity "
                ~ entity ~ ". " ~ alike | sort | join(", ") ~ " looks like it: name that column in the var "
                ~ "entities, {" ~ entity ~ ": " ~ (alike | sort)[0] ~ "}."
            }) %}
        {% endif %}
    {% endfor %}
    {{ return(out) }}
{% endmacro %}

{% macro looks_like_entity(name, entity) %}
    {% set words = {
        "web_page": "web_?page|page_?view_?id", "iab": "iab|spiders_and_robots",
        "media_player": "media_?player",
    } %}
    {% set word = words.get(entity, modules.re.escape(entity) | replace("_", "_?")) %}
    {{ return(
        not name.startswith("unstruct_event")
        and modules.re.search("(^|[._])(" ~ word ~ ")([._]|$)", name) is not none
    ) }}
{% endmacro %}

{#- Why page views that should be there have no value in a column. -#}
{% macro why_missing(events, column) %}
    {% if column == "page_view_id" %}
        {% set named_differently = entities_named_differently(events) %}
        {% set configured = var("entities").get("web_page") %}
        {% if not entity_sources(events, "web_page") %}
            {{ return(
                named_differently.get(configured)
                or "there is neither the column " ~ configured ~ " (of any version) nor `contexts`, and "
                ~ "the web_page entity has the id. The tracker's webPage context has to be on."
            ) }}
        {% endif %}
        {{ return("no id can be read from the web_page entity. Is it filled, as JSON?") }}
    {% endif %}
    {{ return(
        ("the column is empty" if column in events.columns else "there is no such column") ~ "."
    ) }}
{% endmacro %}
