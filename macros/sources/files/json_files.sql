{#- Files of JSON objects - one per line, one after another, or in one array - as one group,
    [{reader, columns}], with every key that any of their objects has. A string is its text,
    another value the JSON it is written as. -#}
{% macro json_groups(files, origin, wanted) %}
    {% set list = file_list(files) %}
    {% set none_of_them = "(no keys)" %}
    {% set query %}
        select distinct
            unnest(coalesce(nullif(json_keys(json), []), [{{ sql_literal(none_of_them) }}])) as name
        from read_json_objects({{ list }}, format = 'auto', ignore_errors = true)
        order by name
    {% endset %}
    {% set names = run_query(query).rows | map(attribute=0) | reject("none") | list %}
    {% if none_of_them in names %} {% do check_json_objects(list, origin) %} {% endif %}
    {% set names = names | reject("equalto", none_of_them) | list %}
    {% if not names %} {{ return([]) }} {% endif %}
    {% set spellings = {} %}
    {% for name in names %} {% do spellings.setdefault(name | lower, []).append(name) %} {% endfor %}
    {% if not wanted | map("lower") | select("in", spellings) | list %}
        {{ exceptions.raise_compiler_error(
            origin ~ ": the objects in " ~ files[0].path ~ (" and others" if files | length > 1 else "")
            ~ " have none of the keys that are looked for (" ~ wanted[:5] | join(", ")
            ~ (", ..." if wanted | length > 5 else "") ~ "), but " ~ names | length
            ~ " others. Each object has to be one row, {\"" ~ wanted[0] ~ "\": ...}. The keys are not "
            ~ "shown, since they may be a visitor's."
        ) }}
    {% endif %}
    {% set folders = folder_columns(files, spellings, wanted) %}
    {% set options = "format = 'auto', ignore_errors = true, " ~ folder_options(folders) %}
    {% set columns = {} %}
    {% for lower, names in spellings.items() %}
        {% do columns.update({lower: {
            "name": quoted_column(names[0] if names | length == 1 else lower), "type": "varchar",
        }}) %}
    {% endfor %}
    {% set reader -%}
    read_json(
        {{ list }},
        auto_detect = false,
        records = true,
        columns = {{ varchar_columns(names) }},
        {{ options }}
    )
    {%- endset %}
    {% if spellings | length < names | length %}
        {% set reader = json_reader_of_spellings(list, spellings, folders, options) %}
    {% endif %}
    {{ return([{"reader": reader, "columns": dict(columns, **folders)}]) }}
{% endmacro %}

{#- The reader takes no two names that differ in case alone: each row has one of them. -#}
{% macro json_reader_of_spellings(list, spellings, folders, options) %}
    {% set paths = [] %}
    {% set selected = [] %}
    {% for lower, names in spellings.items() %}
        {% set texts = [] %}
        {% for name in names %}
            {% set path = '$."' ~ name | replace("\\", "\\\\") | replace('"', '\\"') ~ '"' %}
            {% do paths.append(sql_literal(path)) %}
            {% do texts.append("texts[" ~ paths | length ~ "]") %}
        {% endfor %}
        {% set name = quoted_column(names[0] if names | length == 1 else lower) %}
        {% do selected.append("coalesce(" ~ texts | join(", ") ~ ") as " ~ name) %}
    {% endfor %}
    {% for folder in folders.values() %} {% do selected.append(folder.name) %} {% endfor %}
    {% set sql -%}
    (
        select {{ selected | join(", ") }}
        from (
            select *, json_extract_string(json, [{{ paths | join(", ") }}]) as texts
            from read_json_objects({{ list }}, {{ options }})
        )
    )
    {%- endset %}
    {{ return(sql) }}
{% endmacro %}

{#- Every line has to be a JSON object. The error says which is not, and never its text. -#}
{% macro check_json_objects(list, origin) %}
    {% set query %}
        select filename, count(*)
        from read_json_objects({{ list }}, format = 'auto', ignore_errors = true, filename = true)
        where json is null or json_type(json) <> 'OBJECT'
        group by filename
        order by filename
    {% endset %}
    {% for row in run_query(query).rows %}
        {% set line %}
            select min(number)
            from (
                select line, row_number() over () as number
                from {{ line_reader(row[0]) }}
            )
            where
                trim(line) <> ''
                and case when json_valid(line) then json_type(line) <> 'OBJECT' else true end
        {% endset %}
        {% set number = run_query(line).rows[0][0] %}
        {{ exceptions.raise_compiler_error(
            origin ~ ": " ~ ("line " ~ number ~ " of " if number else "a value in ") ~ row[0]
            ~ " is no JSON object"
            ~ (" (" ~ row[1] ~ " such lines)" if row[1] > 1 else "")
            ~ ". Each line has to be one object, {\"name\": ...}: correct the file, or export it "
            ~ "again. What the line says is not shown, since it may be a visitor's."
        ) }}
    {% endfor %}
{% endmacro %}
