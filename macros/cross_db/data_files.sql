{#- The data files at a file, folder or glob, as [{path, ending}], by path. -#}
{% macro data_files(path) %}
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
    {% set files = [] %}
    {% for row in run_query(query).rows %}
        {% do files.append({"path": row[0], "ending": row[1]}) %}
    {% endfor %}
    {{ return(files) }}
{% endmacro %}

{#- The DuckDB table function that reads files of one format. `origin` names them in the
    error where there are several. -#}
{% macro files_reader(files, origin) %}
    {% set endings = files | map(attribute="ending") | unique | list %}
    {% if endings | length > 1 %}
        {{ exceptions.raise_compiler_error(
            origin ~ " mixes formats (" ~ endings | join(", ") ~ "). Name the files of one "
            ~ "format, e.g. only those ending in ." ~ endings[0] ~ ": " ~ files[0].path
        ) }}
    {% endif %}
    {% set list = [] %}
    {% for file in files %}
        {% do list.append("'" ~ file.path | replace("'", "''") ~ "'") %}
    {% endfor %}
    {% set names = "[" ~ list | join(", ") ~ "]" %}
    {% if endings[0] == "parquet" %}
        {{ return("read_parquet(" ~ names ~ ", union_by_name = true)") }}
    {% elif endings[0] in ["csv", "tsv"] %}
        {{ return("read_csv(" ~ names ~ ", header = true, all_varchar = true, union_by_name = true)") }}
    {% endif %}
    {{ return("read_json(" ~ names ~ ", union_by_name = true)") }}
{% endmacro %}

{#- The columns of what a reader reads: {lower-case name: {name, type}}. -#}
{% macro reader_columns(reader) %}
    {% set columns = {} %}
    {% for row in run_query("describe select * from " ~ reader).rows %}
        {% do columns.update({
            row[0] | lower: {"name": adapter.quote(row[0]), "type": row[1] | lower},
        }) %}
    {% endfor %}
    {{ return(columns) }}
{% endmacro %}
