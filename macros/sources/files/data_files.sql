{#- The data files at a file, folder or glob, as [{path, ending}], in order of path. Hidden and
    half-written files are left out. A folder that is a table of another format is refused. -#}
{% macro data_files(path) %}
    {% set patterns = [
        sql_literal(path), sql_literal(path ~ "/**/*"), sql_literal(glob_escaped(path) ~ "/**/*"),
    ] %}
    {% set query %}
        select distinct
            file,
            regexp_extract(
                lower(file), '\.(parquet|csv|tsv|ndjson|jsonl|json|txt|gz)(\.gz|\.zst)?$', 1
            ) as ending
        from glob([{{ patterns | join(", ") }}])
        order by file
    {% endset %}
    {% set found = run_query(query).rows %}
    {% set names = found | map(attribute=0) | list %}
    {% do check_no_table_format(path, names) %}
    {% set fixed = modules.re.split("[*?\\[]", path)[0] %}
    {% set start = path | length if path in names else (
        path | length if fixed == path else fixed.split("/")[:-1] | join("/") | length
    ) %}
    {% set files = [] %}
    {% set others = [] %}
    {% for row in found if row[1] and not modules.re.search(
        "(^|/)([.][^/]+|_temporary/|__MACOSX/)", row[0][start:]
    ) %}
        {% set file = {"path": row[0], "ending": row[1]} %}
        {#- a README.txt is no data beside data; loaders write text that ends in .gz alone -#}
        {% do (others if row[1] in ["txt", "gz"] else files).append(file) %}
    {% endfor %}
    {{ return(files or others) }}
{% endmacro %}

{#- A name in which nothing is a wildcard. -#}
{% macro glob_escaped(path) %}
    {{ return(modules.re.sub("([*?\\[])", "[\\1]", path)) }}
{% endmacro %}

{#- Files as a list of SQL literals. -#}
{% macro file_list(files) %}
    {% set list = [] %}
    {% for file in files %}
        {% do list.append(sql_literal(glob_escaped(file.path))) %}
    {% endfor %}
    {{ return("[" ~ list | join(", ") ~ "]") }}
{% endmacro %}

{#- The Parquet files of a Delta, Iceberg or Hudi table also hold rows that the table has
    deleted or replaced: only its log knows which. -#}
{% macro check_no_table_format(path, names) %}
    {% set looked_at = names | list %}
    {% set parquet = [] %}
    {% for name in names if name.endswith(".parquet") %} {% do parquet.append(name) %} {% endfor %}
    {% if parquet %}
        {#- a file or a glob inside such a table -#}
        {% set folders = parquet[0].split("/")[:-1] %}
        {% set patterns = [] %}
        {% for up in range([folders | length, 5] | min) %}
            {% set folder = glob_escaped(folders[:folders | length - up] | join("/")) %}
            {% for log in ["_delta_log/*", ".hoodie/*", "metadata/*.metadata.json"] %}
                {% do patterns.append(sql_literal(folder ~ "/" ~ log)) %}
            {% endfor %}
        {% endfor %}
        {% if patterns %}
            {% do looked_at.extend(
                run_query("select file from glob([" ~ patterns | join(", ") ~ "])").rows
                | map(attribute=0)
            ) %}
        {% endif %}
    {% endif %}
    {% for name in looked_at %}
        {% set log = modules.re.search(
            "^(?:(.*)/)?(_delta_log|[.]hoodie|metadata/[^/]*[.]metadata[.]json)(?:/|$)", name
        ) %}
        {% if log %}
            {% set format = {"_delta_log": "a Delta", ".hoodie": "a Hudi"}.get(log.group(2), "an Iceberg") %}
            {{ exceptions.raise_compiler_error(
                path ~ " is " ~ format ~ " table (there is " ~ log.group(0) ~ "). Its Parquet files "
                ~ "also hold rows that the table has deleted or replaced, so they are not read. "
                ~ "Write the table's rows to a folder of their own as Parquet, and name that, or "
                ~ "build where the table is: CDP_TARGET=databricks or snowflake."
            ) }}
        {% endif %}
    {% endfor %}
{% endmacro %}
