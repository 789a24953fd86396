{#- Looks at the events before anything is built: required columns, named together, and
    at least one row. Nothing already built is touched when it raises. -#}
{% macro check_events() %}
    {% set base = "model.cdp.base_snowplow__events" %}
    {% set readers = [] %}
    {% for name in selected_resources if execute and flags.WHICH in ["build", "run", "test"] %}
        {% if name == base or base in (graph.nodes.get(name, {}).get("depends_on") or {}).get("nodes", []) %}
            {% do readers.append(name) %}
        {% endif %}
    {% endfor %}
    {% if not readers %} {{ return("") }} {% endif %}
    {% set events = atomic_events() %}
    {% if events.columns.keys() | list in [[], ["event_id"]] and modelled_table("sessions") %}
        {{ log("There are no atomic events: what is built from them stays empty. The first "
            ~ "visit is read from " ~ modelled_table("sessions").origin ~ ".", info=true) }}
        {{ return("") }}
    {% endif %}
    {% if not has_rows(events.relation) %}
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
            ~ ". " ~ columns_found(events, wanted_event_columns())
        ) }}
    {% endif %}
    {{ return("") }}
{% endmacro %}

{#- The names of the columns, for an error. Text in which none of them is known has ids for keys
    perhaps: what stands there is not shown, since it may be a visitor's. -#}
{% macro columns_found(table, wanted) %}
    {% set lower = wanted | map("lower") | list %}
    {% if table.get("has_schema", true) or table.columns.keys() | select("in", lower) | list %}
        {{ return("Found: " ~ table.columns.keys() | sort | join(", ") ~ ".") }}
    {% endif %}
    {{ return("None of its " ~ table.columns | length ~ " columns is known.") }}
{% endmacro %}
