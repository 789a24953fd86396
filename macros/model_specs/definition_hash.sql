{#- A hash of all that decides what one model learns: its outcome, its features, the rows it
    is trained on. A version trained under another hash is due for training; whether it may
    score on is asked of outcome_hash() and feature_hashes() alone. -#}
{% macro definition_hash(spec) %}
    {% if not execute %} {{ return("") }} {% endif %}
    {% set facts = {"outcome": outcome_hash(spec), "features": features_learnt_from(spec)} %}
    {% do facts.update({"events_from": var("events_from") | string}) %}
    {% for name in vars_by_effect().training_rows %}
        {% do facts.update({name: var(name)}) %}
    {% endfor %}
    {{ return(local_md5(tojson(facts, sort_keys=true))) }}
{% endmacro %}

{#- The vars that decide which events there are, and when each is known. -#}
{% macro event_facts() %}
    {% set facts = {} %}
    {% for name in [
        "app_ids", "exclude_bots", "bot_useragent_pattern", "test_traffic",
        "max_clock_skew", "arrival_tolerance", "clock_outliers", "excluded_events",
        "null_markers", "date_order",
        "placeholder_ids", "max_visitors_per_user_id",
    ] %}
        {% do facts.update({name: var(name)}) %}
    {% endfor %}
    {% if var("events_from") is not none %}
        {% do facts.update({"events_from": var("events_from") | string}) %}
    {% endif %}
    {% do facts.update({"entities": entities_named_in(
        tojson(var("test_traffic")) ~ " web_page. yauaa. ua_parser. iab. media_player."
    )}) %}
    {{ return(facts) }}
{% endmacro %}

{#- What a model may learn from: feature -> its hash, and whether its leak is cleared. -#}
{% macro features_learnt_from(spec) %}
    {% set facts = {} %}
    {% set hashes = feature_hashes(spec) %}
    {% for name, column in feature_definitions_of(spec.features).items()
        if spec.base in (feature_only_for(column.meta) or [spec.base]) %}
        {% do facts.update({name: [hashes[name], column.meta.get("leak_reviewed", false)]}) %}
    {% endfor %}
    {{ return(facts) }}
{% endmacro %}

{#- The models (bases) that may learn from a feature; empty: all. With several conversions,
    what `any` of them means would change for every model with each one that is added: no
    model learns from it then. What is not computed online is nothing that `live` could see. -#}
{% macro feature_only_for(meta) %}
    {% if meta.feature.get("conversion") == "any" and conversions() | length > 1 %}
        {{ return(["none"]) }}
    {% endif %}
    {% set named = meta.get("only_for", []) %}
    {% if named and "live" not in named or "first_visit" in meta.feature
        or online_definition(meta.feature).definition is not none %}
        {{ return(named) }}
    {% endif %}
    {% set bases = named or propensity_model_bases() | map(attribute="base") | list %}
    {{ return(bases | reject("equalto", "live") | list or ["none"]) }}
{% endmacro %}

{#- A definition as it decides values: where else a feature is computed does not. -#}
{% macro without_online(definition) %}
    {% set out = dict(definition) %}
    {% do out.pop("online", none) %}
    {{ return(out) }}
{% endmacro %}

{#- What the conversions that a feature counts are made of. -#}
{% macro conversions_of_feature(definition) %}
    {% set name = definition.get("conversion") %}
    {% if not name %} {{ return([]) }} {% endif %}
    {% set facts = [] %}
    {% for conversion in conversions() if name in ["any", conversion.name] %}
        {% do facts.append(conversion_facts(conversion)) %}
    {% endfor %}
    {{ return(facts) }}
{% endmacro %}

{#- A hash of all that decides the rows of the visitor feature tables, and of where the events
    came from: rows of another hash are not kept. -#}
{% macro features_hash() %}
    {% if not execute %} {{ return("") }} {% endif %}
    {% set facts = event_facts() %}
    {% do facts.update({"features": {}, "computed_as": computation_version()}) %}
    {% for name in vars_by_effect().features %} {% do facts.update({name: var(name)}) %} {% endfor %}
    {% for name, column in visitor_feature_definitions().items() %}
        {% set definition = without_online(column.meta.feature) %}
        {% do facts.features.update({name: [
            definition, conversions_of_feature(definition), entities_named_in(definition),
        ]}) %}
    {% endfor %}
    {{ return(local_md5(tojson(facts, sort_keys=true) ~ events_origin())) }}
{% endmacro %}
