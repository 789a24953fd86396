{#- Files of delimited text in groups that are read alike, [{reader, columns}]. The delimiter
    and the names come from a file's first line; the quotes are those that all of its rows
    keep to. A file without any line is left out. -#}
{% macro csv_groups(files, origin, wanted) %}
    {% set layouts = {} %}
    {% for file in first_lines_of_files(files, origin) if file.line is not none %}
        {% set layout = csv_layout(file, origin, wanted) %}
        {% set key = tojson(layout) %}
        {% do layouts.setdefault(key, {"layout": layout, "files": []}).files.append(file) %}
    {% endfor %}
    {% set groups = [] %}
    {% for one in layouts.values() %}
        {% set columns = {} %}
        {% for name in one.layout.names %}
            {% do columns.update({name | lower: {"name": quoted_column(name), "type": "varchar"}}) %}
        {% endfor %}
        {% set folders = folder_columns(one.files, columns, wanted) %}
        {% for dialect in csv_dialects(one, origin) %}
            {% do groups.append({
                "reader": csv_reader(
                    dialect.files, one.layout, dialect.quotes, folder_options(folders)
                ),
                "columns": dict(columns, **folders),
            }) %}
        {% endfor %}
    {% endfor %}
    {{ return(groups) }}
{% endmacro %}

{% macro csv_reader(files, layout, quotes, options) %}
    {% set delimiter = "chr(9)" if layout.delimiter == "\t" else sql_literal(layout.delimiter) %}
    {% set sql -%}
    read_csv(
        {{ file_list(files) }},
        auto_detect = false,
        delim = {{ delimiter }},
        quote = {{ sql_literal(quotes[0]) }},
        escape = {{ sql_literal(quotes[1]) }},
        header = {{ layout.header | lower }},
        skip = {{ layout.skip }},
        columns = {{ varchar_columns(layout.names) }},
        {{ options }}
    )
    {%- endset %}
    {{ return(sql) }}
{% endmacro %}

{#- Each file with its first line that is not blank, and how many are before it. -#}
{% macro first_lines_of_files(files, origin) %}
    {% set read = [] %}
    {% for some in files | batch(100) %}
        {% set queries = [] %}
        {% for file in some %}
            {% set first_line -%}
            (select {{ loop.index0 }} as place, line from {{ line_reader(file.path) }} limit 1)
            {%- endset %}
            {% do queries.append(first_line) %}
        {% endfor %}
        {% set lines = {} %}
        {% for row in run_query(queries | join(" union all ")).rows %}
            {% do lines.update({row[0] | int: row[1]}) %}
        {% endfor %}
        {% for file in some %}
            {% set line = lines.get(loop.index0) %}
            {% set skip = 0 %}
            {% if loop.index0 not in lines %}
                {% do check_utf_8(file, origin) %}
            {% elif not (line or "") | trim %}
                {% set first_filled_line %}
                    select line, number
                    from (
                        select line, row_number() over () as number
                        from {{ line_reader(file.path) }}
                    )
                    where trim(line) <> ''
                    limit 1
                {% endset %}
                {% set rows = run_query(first_filled_line).rows %}
                {% set line = rows[0][0] if rows else none %}
                {% set skip = rows[0][1] - 1 if rows else 0 %}
            {% endif %}
            {% do read.append(dict(file, line=line, skip=skip | int)) %}
        {% endfor %}
    {% endfor %}
    {{ return(read) }}
{% endmacro %}

{#- A file's lines as they are, but for those that are not UTF-8. -#}
{% macro line_reader(path, options="ignore_errors = true") %}
    {% set sql -%}
    read_csv(
        {{ file_list([{"path": path}]) }},
        auto_detect = false,
        delim = chr(28) || chr(29),
        quote = '',
        escape = '',
        header = false,
        columns = {'line': 'VARCHAR'},
        parallel = false,
        strict_mode = false,
        hive_partitioning = false,
        {{ options }}
    )
    {%- endset %}
    {{ return(sql) }}
{% endmacro %}

{#- A file without any line is empty, or none of its lines could be read. -#}
{% macro check_utf_8(file, origin) %}
    {% do drop_rejects() %}
    {% do run_query(
        "select count(line) from " ~ line_reader(file.path, rejects_options())
    ) %}
    {% if has_rows("temp.cdp_rejects") %}
        {% do raise_not_utf_8(file, origin) %}
    {% endif %}
{% endmacro %}

{% macro raise_not_utf_8(file, origin) %}
    {{ exceptions.raise_compiler_error(
        origin ~ ": " ~ file.path ~ " is not UTF-8, from its first lines on. Save it as UTF-8."
    ) }}
{% endmacro %}
