{#- Looks at the events before anything is built: required columns, named together, and
    at least one row. Nothing already built is touched when it raises. -#}
{% macro check_events() %}
    {% if not execute or flags.WHICH not in ["build", "run"]
        or "model.cdp.base_snowplow__events" not in selected_resources %}
        {{ return("") }}
    {% endif %}
    {% set events = atomic_events() %}
    {% if events.columns.keys() | list in [[], ["event_id"]] and modelled_table("sessions") %}
        {{ log("There are no atomic events: what is built from them stays empty. The first "
            ~ "visit is read from " ~ modelled_table("sessions").origin ~ ".", info=true) }}
        {{ return("") }}
    {% endif %}
    {% if run_query("select 1 as one from " ~ events.relation ~ " limit 1").rows | length == 0 %}
        {{ exceptions.raise_compiler_error("The events at " ~ events.origin ~ " hold no rows.") }}
    {% endif %}
    {% set missing = [] %}
    {% for name, column in event_columns().items() if column.required %}
        {% if name not in events.columns %} {% do missing.append(name) %} {% endif %}
    {% endfor %}
    {% if "derived_tstamp" not in events.columns and "collector_tstamp" not in events.columns %}
        {% do missing.append("derived_tstamp or collector_tstamp") %}
    {% endif %}
    {% if missing %}
        {{ exceptions.raise_compiler_error(
            "The events at " ~ events.origin ~ " lack required columns: " ~ missing | join(", ")
            ~ ". Found: " ~ events.columns.keys() | sort | join(", ") ~ "."
        ) }}
    {% endif %}
    {{ return("") }}
{% endmacro %}
