{#- How a file is laid out, {delimiter, header, skip, names}: of the delimiters the one that
    finds most of the wanted columns in the first line, then most columns. -#}
{% macro csv_layout(file, origin, wanted) %}
    {% set line = file.line %}
    {% if "\x00" in line %} {% do raise_not_utf_8(file, origin) %} {% endif %}
    {% set lower = wanted | map("lower") | list %}
    {% set usual = ["\t", ",", ";", "|"] if file.ending == "tsv" else [",", ";", "\t", "|"] %}
    {% set best = {"found": -1} %}
    {% for delimiter in usual %}
        {% set names = header_names(line, delimiter) %}
        {% set found = names | map("lower") | select("in", lower) | list | length %}
        {% if [found, names | length if found else 0] > [best.found, best.width] %}
            {% do best.update({
                "found": found, "width": names | length if found else 0,
                "delimiter": delimiter, "names": names,
            }) %}
        {% endif %}
    {% endfor %}
    {% if best.found %}
        {% do check_named_once(file, origin, best.names, lower) %}
        {{ return({
            "delimiter": best.delimiter, "header": true, "skip": file.skip,
            "names": unique_column_names(best.names),
        }) }}
    {% endif %}
    {% if "event_id" in lower and line.split("\t") | length == enriched_columns() | length %}
        {{ return({
            "delimiter": "\t", "header": false, "skip": file.skip, "names": enriched_columns(),
        }) }}
    {% endif %}
    {{ exceptions.raise_compiler_error(
        origin ~ ": line " ~ (file.skip + 1) ~ " of " ~ file.path ~ " has to name the columns, and "
        ~ "names none of those that are looked for (" ~ wanted[:5] | join(", ")
        ~ (", ..." if wanted | length > 5 else "") ~ "). The file has no header, or its columns "
        ~ "have other names: add a header"
        ~ (" (enriched TSV does without, of " ~ enriched_columns() | length ~ " fields: this line "
            ~ "has " ~ line.split("\t") | length ~ ")" if "event_id" in lower else "")
        ~ ". What the line says is not shown, since it may be a visitor's."
    ) }}
{% endmacro %}

{#- The names in a header line, without quotes and blanks around them. -#}
{% macro header_names(line, delimiter) %}
    {% set names = [] %}
    {% set part = modules.re.escape(delimiter) %}
    {% for field in modules.re.findall(
        '(?:^|' ~ part ~ ')[ ]*("(?:[^"]|"")*"|[^' ~ part ~ ']*)', line
    ) %}
        {% set name = field | trim %}
        {% if name.startswith('"') and name.endswith('"') and name | length > 1 %}
            {% set name = name[1:-1] | replace('""', '"') | trim %}
        {% endif %}
        {% do names.append(name) %}
    {% endfor %}
    {{ return(names) }}
{% endmacro %}

{% macro check_named_once(file, origin, names, wanted) %}
    {% set lower = names | map("lower") | list %}
    {% for name in lower | unique if name in wanted and lower.count(name) > 1 %}
        {{ exceptions.raise_compiler_error(
            origin ~ ": line " ~ (file.skip + 1) ~ " of " ~ file.path ~ " names the column " ~ name
            ~ " " ~ lower.count(name) ~ " times. Keep one of them."
        ) }}
    {% endfor %}
{% endmacro %}

{#- Names that differ, whatever their case; those that are missing are numbered. -#}
{% macro unique_column_names(names) %}
    {% set taken = {} %}
    {% for name in names %}
        {% set ns = namespace(name=name or "column_" ~ loop.index) %}
        {% set place = loop.index %}
        {% if ns.name | lower in taken %}
            {% set ns.name = ns.name ~ "_" ~ place %}
        {% endif %}
        {% if ns.name | lower in taken %} {% set ns.name = "column " ~ place %} {% endif %}
        {% do taken.update({ns.name | lower: ns.name}) %}
    {% endfor %}
    {{ return(taken.values() | list) }}
{% endmacro %}
