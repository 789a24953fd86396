{#- A hash of all that decides what a model learns: the features, the conversions, the
    horizons and the population. Models trained under another hash are due for training. -#}
{% macro definition_hash() %}
    {% if not execute %} {{ return("") }} {% endif %}
    {% set facts = {
        "features": prospect_feature_definitions(),
        "conversions": conversions(),
    } %}
    {% for name in [
        "app_ids", "exclude_bots", "bot_useragent_pattern", "test_traffic",
        "max_clock_skew", "arrival_tolerance", "live_horizon", "daily_horizon",
        "late_arrival_allowance", "excluded_events", "lookback", "training_window",
        "fold_shares", "fold_periods",
    ] %}
        {% do facts.update({name: var(name)}) %}
    {% endfor %}
    {{ return(local_md5(tojson(facts, sort_keys=true))) }}
{% endmacro %}

{#- The feature definitions of the prospect feature tables: column name -> the column's
    data type, description, meta. Read from the graph, so any model may ask; empty in dbt
    unit tests, where there is no graph. -#}
{% macro prospect_feature_definitions() %}
    {% set out = {} %}
    {% if execute and graph is defined and graph.nodes is defined %}
        {% set node = graph.nodes["model.cdp.feat_prospect__asof_day"] %}
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

{#- The same, and where the events came from: rows made from other events are not kept. -#}
{% macro features_hash() %}
    {{ return(local_md5(definition_hash() ~ events_origin()) if execute else "") }}
{% endmacro %}
