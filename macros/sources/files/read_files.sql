{#- What data files hold, as {relation, columns, origin, has_schema}: the one reader of
    events, web tables and conversion tables. Columns are text as it is written, or of the type that a
    Parquet file declares; entities are JSON text. Nothing is concluded from some of the
    rows: names, dialect and faults are looked for in all of them, once per command.
    `origin` names the files in errors; `wanted` are columns that they may have, those that
    have to be there first: a first line that names none of them is no header. -#}
{% macro read_files(files, origin, wanted) %}
    {% set family = file_family(files, origin) %}
    {% set memory = remembered_files() %}
    {% set key = [files | map(attribute="path") | join("|"), wanted | join(",")] | join("|") %}
    {% if key not in memory %}
        {% if family == "parquet" %}
            {% set groups = parquet_groups(files, wanted) %}
        {% elif family == "json" %}
            {% set groups = json_groups(files, origin, wanted) %}
        {% else %}
            {% set groups = csv_groups(files, origin, wanted) %}
        {% endif %}
        {% do memory.update({key: united_groups(groups)}) %}
    {% endif %}
    {{ return({
        "relation": memory[key].relation, "columns": memory[key].columns, "origin": origin,
        "has_schema": family == "parquet",
    }) }}
{% endmacro %}

{#- parquet, json or text. -#}
{% macro file_family(files, origin) %}
    {% set families = {"parquet": "parquet", "ndjson": "json", "jsonl": "json", "json": "json"} %}
    {% set found = {} %}
    {% for file in files %}
        {% do found.setdefault(families.get(file.ending, "text"), []).append(file) %}
    {% endfor %}
    {% if found | length > 1 %}
        {% set endings = files | map(attribute="ending") | unique | list %}
        {{ exceptions.raise_compiler_error(
            origin ~ " mixes formats (" ~ endings | join(", ") ~ "). Name the files of one "
            ~ "format, e.g. only those ending in ." ~ endings[0] ~ ": " ~ files[0].path
        ) }}
    {% endif %}
    {{ return(found | first) }}
{% endmacro %}

{#- What was found out about files during this command: looking at all rows once is enough. -#}
{% macro remembered_files() %}
    {% if graph is not defined or graph is not mapping %} {{ return({}) }} {% endif %}
    {{ return(graph.setdefault("cdp_files", {})) }}
{% endmacro %}

{#- Groups of files that are read alike, [{reader, columns}], as one relation. A column that
    is of several types becomes text. -#}
{% macro united_groups(groups) %}
    {% if not groups %}
        {{ return({
            "relation": "(select null as empty where false)",
            "columns": {"empty": {"name": quoted_column("empty"), "type": "varchar"}},
        }) }}
    {% elif groups | length == 1 %}
        {{ return({"relation": groups[0].reader, "columns": groups[0].columns}) }}
    {% endif %}
    {% set types = {} %}
    {% for group in groups %}
        {% for name, column in group.columns.items() %}
            {% do types.setdefault(name, []).append(column.type) %}
        {% endfor %}
    {% endfor %}
    {% set columns = {} %}
    {% for name, found in types.items() %}
        {% do columns.update({name: {
            "name": quoted_column(name),
            "type": found[0] if found | unique | list | length == 1 else "varchar",
        }}) %}
    {% endfor %}
    {% set parts = [] %}
    {% for group in groups %}
        {% set list = [] %}
        {% for name, column in group.columns.items() %}
            {% set sql = column.name if columns[name].type == column.type else column_as_text(column) %}
            {% do list.append(sql ~ " as " ~ columns[name].name) %}
        {% endfor %}
        {% do parts.append("select " ~ list | join(", ") ~ " from " ~ group.reader) %}
    {% endfor %}
    {{ return({
        "relation": "(" ~ parts | join(" union all by name ") ~ ")", "columns": columns,
    }) }}
{% endmacro %}

{#- A column of any type as text: a whole number without decimals, since a file in which an
    id is missing has it as a float; a moment in UTC; what is nested as JSON. -#}
{% macro column_as_text(column) %}
    {% set name = column.name %}
    {% if column.type in ["float", "double"] %}
        {% set sql -%}
        case
            when {{ name }} = trunc({{ name }}) and abs({{ name }}) < 9007199254740992
                then cast(cast({{ name }} as bigint) as varchar)
            else cast({{ name }} as varchar)
        end
        {%- endset %}
        {{ return(sql) }}
    {% elif column.type == "timestamp with time zone" %}
        {{ return("cast(timezone('UTC', " ~ name ~ ") as varchar)") }}
    {% elif column.type.endswith("]") or column.type.startswith(("struct(", "map(")) %}
        {{ return("cast(to_json(" ~ name ~ ") as varchar)") }}
    {% endif %}
    {{ return("cast(" ~ name ~ " as varchar)") }}
{% endmacro %}

{#- Columns that only the folders' names tell, app_id=shop/part-0.parquet: those that are
    wanted, where no file of the group has them itself. -#}
{% macro folder_columns(files, names, wanted) %}
    {% set keys = {} %}
    {% for file in files %}
        {% set found = modules.re.findall("(?:^|/)([^/=]+)=[^/]*(?=/)", file.path) %}
        {% do keys.update({found | join("/"): found}) %}
    {% endfor %}
    {% set columns = {} %}
    {% if keys | length == 1 %}
        {% set lower = wanted | map("lower") | list %}
        {% for key in keys.values() | first if key | lower in lower and key | lower not in names %}
            {% do columns.update({key | lower: {"name": quoted_column(key), "type": "varchar"}}) %}
        {% endfor %}
    {% endif %}
    {{ return(columns) }}
{% endmacro %}

{#- The options of a reader that say whether folders' names are columns. -#}
{% macro folder_options(columns) %}
    {{ return(
        "hive_partitioning = true, hive_types_autocast = false" if columns
        else "hive_partitioning = false"
    ) }}
{% endmacro %}

{#- Text as a literal inside of {name: 'VARCHAR'}, of each name. -#}
{% macro varchar_columns(names) %}
    {% set list = [] %}
    {% for name in names %} {% do list.append(sql_literal(name) ~ ": 'VARCHAR'") %} {% endfor %}
    {{ return("{" ~ list | join(", ") ~ "}") }}
{% endmacro %}

{#- Any name as an identifier, also with quotes in it. -#}
{% macro quoted_column(name) %}
    {{ return('"' ~ name | replace('"', '""') ~ '"') }}
{% endmacro %}
