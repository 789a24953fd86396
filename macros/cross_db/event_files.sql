{#- The files behind the DuckDB target: {path, reader}, where `reader` is the DuckDB
    table function that reads them. `path` is CDP_EVENTS: a file, a folder or a glob; with
    `none`, there are none, whatever lies in data/events. -#}
{% macro event_files() %}
    {% set path = events_origin() %}
    {% if not execute %} {{ return({"path": path, "reader": "(select 1)"}) }} {% endif %}
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
        {{ return({"path": origin, "reader": "(select null as event_id where false)"}) }}
    {% endif %}
    {% if not files %}
        {{ exceptions.raise_compiler_error(
            "No events found at " ~ origin ~ ". Name a file, folder or glob of .parquet, "
            ~ ".csv, .tsv, .ndjson, .jsonl or .json files (.gz is fine) in CDP_EVENTS, or "
            ~ "run `make demo` to simulate some."
        ) }}
    {% endif %}
    {{ return({"path": origin, "reader": files_reader(files, origin)}) }}
{% endmacro %}
