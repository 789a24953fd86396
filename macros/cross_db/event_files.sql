{#- The files behind the DuckDB target: {path, reader}, where `reader` is the DuckDB
    table function that reads them. `path` is CDP_EVENTS: a file, a folder or a glob. -#}
{% macro event_files() %}
    {% set path = events_origin() %}
    {% if not execute %} {{ return({"path": path, "reader": "(select 1)"}) }} {% endif %}
    {% set quoted = "'" ~ path | replace("'", "''") ~ "'" %}
    {% set nested = "'" ~ (path ~ "/**/*") | replace("'", "''") ~ "'" %}
    {% set query %}
        with files as (
            select file from glob({{ quoted }})
            union
            select file from glob({{ nested }})
        ),

        known as (
            select
                file,
                regexp_extract(
                    lower(file), '\.(parquet|csv|tsv|ndjson|jsonl|json)(\.gz|\.zst)?$', 1
                ) as ending,
            from files
        )

        select file, ending from known where ending <> '' order by file
    {% endset %}
    {% set files = run_query(query).rows %}
    {% set origin = (
        "CDP_EVENTS=" ~ path if env_var("CDP_EVENTS", "") else path ~ " (CDP_EVENTS is not set)"
    ) %}
    {#- linting and docs need no events -#}
    {% if files | length == 0 and flags.WHICH not in ["build", "run", "test"] %}
        {{ return({"path": origin, "reader": "(select null as event_id)"}) }}
    {% endif %}
    {% if files | length == 0 %}
        {{ exceptions.raise_compiler_error(
            "No events found at " ~ origin ~ ". Name a file, folder or glob of .parquet, "
            ~ ".csv, .tsv, .ndjson, .jsonl or .json files (.gz is fine) in CDP_EVENTS, or "
            ~ "run `make demo` to simulate some."
        ) }}
    {% endif %}
    {% set endings = files | map(attribute=1) | unique | list %}
    {% if endings | length > 1 %}
        {{ exceptions.raise_compiler_error(
            origin ~ " mixes formats (" ~ endings | join(", ") ~ "). Name the files of one "
            ~ "format, e.g. " ~ path ~ "/**/*." ~ endings[0]
        ) }}
    {% endif %}
    {% set list = [] %}
    {% for row in files %}
        {% do list.append("'" ~ row[0] | replace("'", "''") ~ "'") %}
    {% endfor %}
    {% set names = "[" ~ list | join(", ") ~ "]" %}
    {% if endings[0] == "parquet" %}
        {% set reader = "read_parquet(" ~ names ~ ", union_by_name = true)" %}
    {% elif endings[0] in ["csv", "tsv"] %}
        {% set reader = "read_csv(" ~ names ~ ", header = true, all_varchar = true, "
            ~ "union_by_name = true)" %}
    {% else %}
        {% set reader = "read_json(" ~ names ~ ", union_by_name = true)" %}
    {% endif %}
    {{ return({"path": origin, "reader": reader}) }}
{% endmacro %}
