{#- Raise it when the project's own SQL computes features or outcomes differently: what was
    made before is then neither kept nor scored with. -#}
{% macro computation_version() %} {{ return(1) }} {% endmacro %}

{#- Every var by what it has an effect on; a test demands that each is here, and that the
    SQL of features and outcomes reads no other than those of its own hash. -#}
{% macro vars_by_effect() %}
    {{ return({
        "events": event_facts().keys() | list + ["events_from"],
        "features": ["lookback"],
        "web": [
            "web_tables", "heartbeat", "min_visit_length", "days_late_allowed",
            "max_session_days",
        ],
        "outcomes": [
            "conversions", "conversion_events", "live_horizon", "daily_horizon",
            "first_touch_horizon", "session_timeout", "churn_horizon", "value",
        ],
        "training_rows": [
            "late_arrival_allowance", "training_window", "fold_shares", "fold_periods",
        ],
        "nothing_a_version_is_made_of": [
            "atomic_database", "atomic_schema", "atomic_table", "web_tables_database",
            "web_tables_schema", "entity_fields", "event_fields", "as_of", "max_event_age",
            "warn_event_age", "stale_events", "events_per_part", "max_training_rows",
            "distributed_training", "min_training_subjects", "min_converting_subjects",
            "retrain_after_days", "force_training", "max_champion_age_days",
            "leak_severity", "min_judging_subjects", "challenger_share",
            "treated_audiences", "score_history_share", "label_high_lift",
            "label_medium_lift", "label_leave_threshold", "tie_salt",
            "audience_score_step", "rule_based_audience", "paid_mkt_mediums", "email_property",
            "audience_schema", "audience_readers", "audience_exposures", "deploy_ml",
            "ml_package", "signals_schemas",
        ],
    }) }}
{% endmacro %}

{#- A hash of what a model predicts. A version of another hash does not score: its scores
    would be those of another outcome. -#}
{% macro outcome_hash(spec) %}
    {% if not execute %} {{ return("") }} {% endif %}
    {% set facts = event_facts() %}
    {#- what only older events tell is not known then: features say so -#}
    {% do facts.pop("events_from", none) %}
    {% do facts.update({"computed_as": computation_version()}) %}
    {% for name in ["kind", "horizon", "training_table", "subject_column"] %}
        {% do facts.update({name: spec[name]}) %}
    {% endfor %}
    {% if spec.kind == "conversion" %}
        {% do facts.update({"outcome": conversion_facts(conversion_named(spec.conversion))}) %}
    {% elif spec.kind == "value" %}
        {% do facts.update({"outcome": [value_settings(), entities_named_in(value_settings())]}) %}
    {% endif %}
    {% if spec.base == "first_touch" %}
        {% for name in ["session_timeout", "web_tables"] %}
            {% do facts.update({name: var(name)}) %}
        {% endfor %}
    {% endif %}
    {{ return(local_md5(tojson(facts, sort_keys=true))) }}
{% endmacro %}

{#- What decides whether a conversion happened: all of it but its name. -#}
{% macro conversion_facts(conversion) %}
    {% set facts = dict(conversion) %}
    {% do facts.pop("name") %}
    {% do facts.update({
        "events": conversion.events | unique | sort,
        "entities": entities_named_in(conversion),
    }) %}
    {% if conversion.source == "page_views" %}
        {% for name in ["heartbeat", "min_visit_length"] %}
            {% do facts.update({name: var(name)}) %}
        {% endfor %}
    {% endif %}
    {{ return(facts) }}
{% endmacro %}

{#- Feature -> a hash of what decides its values, not its words. A version that reads a
    feature of another hash, or one that is gone, does not score on. -#}
{% macro feature_hashes(spec) %}
    {% set hashes = {} %}
    {% set shared = event_facts() %}
    {% do shared.pop("events_from", none) %}
    {% do shared.update({"computed_as": computation_version()}) %}
    {% set own = {"daily": "features", "first_touch": "web"} %}
    {% for name in vars_by_effect().get(own.get(spec.base), []) %}
        {% do shared.update({name: var(name)}) %}
    {% endfor %}
    {% for name, column in feature_definitions_of(spec.features).items() %}
        {% set definition = without_online(column.meta.feature) %}
        {% set facts = [
            definition, column.data_type, conversions_of_feature(definition),
            entities_named_in(definition), shared,
        ] %}
        {#- a lifetime, and who is new, are counted from there -#}
        {% if "period" not in definition and "moment" not in definition %}
            {% do facts.append(var("events_from") | string) %}
        {% endif %}
        {% if spec.base == "first_touch" %} {% do facts.append(var("session_timeout")) %} {% endif %}
        {% do hashes.update({name: local_md5(tojson(facts, sort_keys=true))[:12]}) %}
    {% endfor %}
    {{ return(hashes) }}
{% endmacro %}

{#- The same as texts, |name:hash|: what a version reads is such texts, one after another. -#}
{% macro feature_tokens(spec) %}
    {% set tokens = [] %}
    {% for name, hash in feature_hashes(spec) | dictsort %}
        {% do tokens.append("|" ~ name ~ ":" ~ hash ~ "|") %}
    {% endfor %}
    {{ return(tokens) }}
{% endmacro %}

{#- The columns of the entities that a definition names, as <entity>.<field> or by column. -#}
{% macro entities_named_in(definition) %}
    {% set text = definition if definition is string else tojson(definition) %}
    {% set columns = {} %}
    {% for name, column in var("entities").items() if name ~ "." in text or name ~ "__" in text %}
        {% do columns.update({name: column}) %}
    {% endfor %}
    {{ return(columns) }}
{% endmacro %}
