{#- What the tests tagged `leak` found: table, column and values, a few of each. -#}
{% macro log_leaks(results) %}
    {% for result in results
        if result.status | string in ["fail", "warn"] and "leak" in result.node.tags
        and result.node.compiled_code %}
        {% for row in run_query(
            "select message from (" ~ result.node.compiled_code ~ ") as leaks "
            ~ "order by message limit 3"
        ).rows %}
            {{ log("Leak (" ~ result.node.name ~ "): " ~ row[0], info=true) }}
        {% endfor %}
    {% endfor %}
{% endmacro %}

{#- After a run that built them: what was set aside, and which model was not trained and
    why, in the log's last lines. -#}
{% macro log_outcome(results) %}
    {% if not execute or flags.WHICH not in ["build", "run", "test"] %} {{ return("") }} {% endif %}
    {% do log_leaks(results) %}
    {% set built = [] %}
    {% for result in results if result.status | string == "success" %}
        {% do built.append(result.node.name) %}
    {% endfor %}
    {% if "rpt_event_intake" in built %}
        {% set intake = graph.nodes["model.cdp.rpt_event_intake"].relation_name %}
        {% set counts = [] %}
        {% for row in run_query(
            "select outcome, num_events from " ~ intake ~ " order by num_events desc, outcome"
        ).rows %}
            {% do counts.append(row[0] ~ " " ~ row[1]) %}
        {% endfor %}
        {{ log("Events: " ~ (counts | join(", ") or "none"), info=true) }}
    {% endif %}
    {% if "trn_readiness" in built %}
        {% set readiness = graph.nodes["model.cdp.trn_readiness"].relation_name %}
        {% for row in run_query(
            "select model_name, not_trained_reason from " ~ readiness
            ~ " where not_trained_reason is not null order by model_name"
        ).rows %}
            {{ log("Model " ~ row[0] ~ " was not trained. " ~ row[1], info=true) }}
        {% endfor %}
    {% endif %}
    {{ return("") }}
{% endmacro %}
