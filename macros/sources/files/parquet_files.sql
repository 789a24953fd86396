{#- Parquet files in groups of one schema, [{reader, columns}]: text that the writer did not
    mark as text is text all the same. -#}
{% macro parquet_groups(files, wanted) %}
    {% set schemas = {} %}
    {% if files | length == 1 %}
        {% do schemas.update({"one": files}) %}
    {% else %}
        {% set query %}
            select
                file_name,
                md5(string_agg(
                    concat_ws(
                        ' ', name, type, converted_type, logical_type, repetition_type, num_children
                    ), '|' order by column_id
                )) as schema_hash
            from (
                select *, row_number() over () as column_id
                from parquet_schema({{ file_list(files) }})
            )
            group by file_name
            order by file_name
        {% endset %}
        {% set paths = files | map(attribute="path") | list %}
        {% for row in run_query(query).rows %}
            {% do schemas.setdefault(row[1], []).append({"path": row[0]}) %}
        {% endfor %}
    {% endif %}
    {% set groups = [] %}
    {% for alike in schemas.values() %}
        {% set own = parquet_columns(alike[:1], "hive_partitioning = false") %}
        {% set folders = folder_columns(alike, own, wanted) %}
        {% set options = folder_options(folders) %}
        {% do groups.append({
            "reader": parquet_reader(alike, options),
            "columns": dict(own, **folders),
        }) %}
    {% endfor %}
    {{ return(groups) }}
{% endmacro %}

{% macro parquet_reader(files, options) %}
    {{ return("read_parquet(" ~ file_list(files) ~ ", binary_as_string = true, " ~ options ~ ")") }}
{% endmacro %}

{% macro parquet_columns(files, options) %}
    {% set columns = {} %}
    {% for row in run_query("describe select * from " ~ parquet_reader(files, options)).rows %}
        {% do columns.update({
            row[0] | lower: {"name": quoted_column(row[0]), "type": row[1] | lower},
        }) %}
    {% endfor %}
    {{ return(columns) }}
{% endmacro %}
