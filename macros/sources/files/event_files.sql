{#- What the files behind the DuckDB target hold, {relation, columns, origin}. They are at
    CDP_EVENTS: a file, a folder or a glob; with `none`, there are none, whatever lies in
    data/events. -#}
{% macro event_files() %}
    {% set path = events_origin() %}
    {% if not execute %}
        {{ return({"relation": "(select 1)", "columns": {}, "origin": path}) }}
    {% endif %}
    {% set none_at_all = var("atomic_table") is none or path == "none" %}
    {% set files = [] if none_at_all else data_files(path) %}
    {% set given = env_var("CDP_EVENTS", "") %}
    {% set origin = "CDP_EVENTS=" ~ path if given else path ~ " (CDP_EVENTS is not set)" %}
    {#- linting and docs need no events, and modelled tables can do without -#}
    {% if not files and (
        flags.WHICH not in ["build", "run", "test"]
        or var("atomic_table") is none
        or given in ["", "none"] and modelled_table("sessions") is not none
    ) %}
        {{ return({
            "relation": "(select null as event_id where false)", "origin": origin,
            "columns": {"event_id": {"name": quoted_column("event_id"), "type": "integer"}},
        }) }}
    {% endif %}
    {% if not files %}
        {{ exceptions.raise_compiler_error(
            "No events found at " ~ origin ~ ". Name a file, folder or glob of .parquet, "
            ~ ".csv, .tsv, .ndjson, .jsonl or .json files (.gz is fine) in CDP_EVENTS, or "
            ~ "run `make demo` to simulate some."
        ) }}
    {% endif %}
    {{ return(read_files(files, origin, wanted_event_columns())) }}
{% endmacro %}

{#- The columns that tell a header of events, those that an error names first. -#}
{% macro wanted_event_columns() %}
    {% set names = ["event_id", "event_name", "domain_userid", "derived_tstamp", "collector_tstamp"] %}
    {{ return((names + event_columns().keys() | list + enriched_columns()) | unique | list) }}
{% endmacro %}
