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
    {% if "rpt_event_intake" in built %} {% do log_intake() %} {% endif %}
    {% if "stg_snowplow__shared_user_ids" in built %} {% do log_shared_user_ids() %} {% endif %}
    {% if "trn_readiness" in built %}
        {% do log_orders_without_amount() %}
        {% set readiness = graph.nodes["model.cdp.trn_readiness"].relation_name %}
        {% for row in run_query(
            "select model_name, not_trained_reason from " ~ readiness
            ~ " where not_trained_code is not null order by model_name"
        ).rows %}
            {{ log("Model " ~ row[0] ~ " was not trained. " ~ row[1], info=true) }}
        {% endfor %}
        {% for row in run_query(
            "select model_name, split_reason from " ~ readiness
            ~ " where split is not null order by model_name"
        ).rows %}
            {{ log("Model " ~ row[0] ~ ": " ~ row[1], info=true) }}
        {% endfor %}
    {% endif %}
    {% if "propensity_versions" in built %} {% do log_standing() %} {% endif %}
    {% if "mon_unlabelled_scores" in built %} {% do log_unlabelled() %} {% endif %}
    {{ return("") }}
{% endmacro %}

{#- Orders whose amount is there and is none that can be added up. -#}
{% macro log_orders_without_amount() %}
    {% if not value_settings() %} {{ return("") }} {% endif %}
    {% set property = value_settings().property %}
    {% set without_amount %}
        select count(*)
        from {{ graph.nodes["model.cdp.stg_snowplow__events"].relation_name }}
        where
            {{ is_order() }}
            and {{ property_column(property, "var value") }} is not null
            and {{ order_amount() }} is null
    {% endset %}
    {% set unread = run_query(without_amount).rows[0][0] %}
    {% if unread %}
        {{ log(
            "Value: " ~ unread ~ " orders have no amount that can be added up in " ~ property
            ~ " (no number, or beyond 9e12); they count as 0.", info=true
        ) }}
    {% endif %}
{% endmacro %}
