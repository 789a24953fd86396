{#- A hash of all that decides what one model learns: its outcome, its features, the events
    that count, the population. A version trained under another hash is due for training. -#}
{% macro definition_hash(spec) %}
    {% if not execute %} {{ return("") }} {% endif %}
    {% set facts = event_facts() %}
    {% do facts.update({"features": features_learnt_from(spec)}) %}
    {% for name in ["kind", "horizon", "training_table", "subject_column"] %}
        {% do facts.update({name: spec[name]}) %}
    {% endfor %}
    {% do facts.update({"outcome": conversion_named(spec.conversion)
        or (value_settings() if spec.kind == "value" else spec.kind)}) %}
    {% set names = ["late_arrival_allowance", "training_window", "fold_shares", "fold_periods"] %}
    {% set own = {"daily": ["lookback"], "first_touch": ["session_timeout"]} %}
    {% for name in names + own.get(spec.base, []) %}
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
    ] %}
        {% do facts.update({name: var(name)}) %}
    {% endfor %}
    {% if var("events_from") is not none %}
        {% do facts.update({"events_from": var("events_from") | string}) %}
    {% endif %}
    {{ return(facts) }}
{% endmacro %}

{#- What decides the values of the features that a model may learn from: not their words. -#}
{% macro features_learnt_from(spec) %}
    {% set facts = {} %}
    {% for name, column in feature_definitions_of(spec.features).items()
        if spec.base in (feature_only_for(column.meta) or [spec.base]) %}
        {% set definition = column.meta.feature %}
        {% do facts.update({name: [
            definition,
            column.data_type,
            column.meta.get("leak_reviewed", false),
            conversions_of_feature(definition),
        ]}) %}
    {% endfor %}
    {{ return(facts) }}
{% endmacro %}

{#- The models (bases) that may learn from a feature; empty: all. With several conversions,
    what `any` of them means would change for every model with each one that is added: no
    model learns from it then. -#}
{% macro feature_only_for(meta) %}
    {% if meta.feature.get("conversion") == "any" and conversions() | length > 1 %}
        {{ return(["none"]) }}
    {% endif %}
    {{ return(meta.get("only_for", [])) }}
{% endmacro %}

{% macro conversions_of_feature(definition) %}
    {% set name = definition.get("conversion") %}
    {% if not name %} {{ return([]) }} {% endif %}
    {{ return(conversions() if name == "any" else [conversion_named(name)]) }}
{% endmacro %}

{#- The feature definitions of a feature table: column name -> the column's data type,
    description, meta. Read from the graph, so any model may ask; empty in dbt unit tests,
    where there is no graph. -#}
{% macro feature_definitions_of(model_name) %}
    {% set out = {} %}
    {% if execute and graph is defined and graph.nodes is defined %}
        {% set node = graph.nodes["model.cdp." ~ model_name] %}
        {% for name, column in node.columns.items() %}
            {% set meta = (column.get("config") or {}).get("meta") or {} %}
            {% if meta.get("feature") %}
                {% do out.update({name: {
                    "data_type": column.get("data_type"),
                    "description": column.get("description"),
                    "meta": meta,
                }}) %}
            {% endif %}
        {% endfor %}
    {% endif %}
    {{ return(out) }}
{% endmacro %}

{% macro prospect_feature_definitions() %}
    {{ return(feature_definitions_of("feat_prospect__asof_day")) }}
{% endmacro %}

{#- Of all that decides the rows of the prospect feature tables, and where the events came
    from: rows made otherwise are not kept. -#}
{% macro features_hash() %}
    {% if not execute %} {{ return("") }} {% endif %}
    {% set facts = event_facts() %}
    {% do facts.update({"features": {}, "lookback": var("lookback")}) %}
    {% for name, column in prospect_feature_definitions().items() %}
        {% set definition = column.meta.feature %}
        {% do facts.features.update({name: [definition, conversions_of_feature(definition)]}) %}
    {% endfor %}
    {{ return(local_md5(tojson(facts, sort_keys=true) ~ events_origin())) }}
{% endmacro %}
