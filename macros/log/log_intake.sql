{#- What became of the events, and what could not be read of them and of other tables. -#}
{% macro log_intake() %}
    {% set intake = graph.nodes["model.cdp.rpt_event_intake"].relation_name %}
    {% set counts = [] %}
    {% for row in run_query(
        "select outcome, num_events from " ~ intake ~ " where column_name is null "
        ~ "order by num_events desc, outcome"
    ).rows %}
        {% do counts.append(row[0] ~ " " ~ row[1]) %}
    {% endfor %}
    {{ log("Events: " ~ (counts | join(", ") or "none"), info=true) }}
    {% set says = {
        "unread": "{} values could not be read: {}", "named_differently": "{}{}",
        "unnamed": "{} events have none: {}", "spelt_differently": "{} events: {}",
        "repeated": "{} events are left out: {}",
        "missing": "{} page_view events have none and make no page view: {}", "left_out": "{} rows have none: {}",
        "missing_everywhere": "none of the {} page_view events has a value, so there are no page views: {}",
    } %}
    {% for row in run_query(
        "select source, column_name, outcome, num_events, message from " ~ intake
        ~ " where column_name is not null and outcome <> 'placeholder'"
        ~ " order by source, column_name, outcome"
    ).rows %}
        {% set outcome = "left_out" if row[2] == "missing" and row[0] != "events" else row[2] %}
        {% do exceptions.warn(
            row[0] ~ ", " ~ row[1] ~ ": "
            ~ says[outcome].format(row[3] if row[3] else "", row[4])
        ) %}
    {% endfor %}
    {% for row in run_query(
        "select source, column_name, num_events from " ~ intake
        ~ " where outcome = 'placeholder' order by source, column_name"
    ).rows %}
        {{ log(
            "Placeholders that are no " ~ row[1] ~ ": " ~ row[2]
            ~ (" events" if row[0] == "events" else " rows of " ~ row[0])
            ~ " (var placeholder_ids).", info=true
        ) }}
    {% endfor %}
{% endmacro %}
