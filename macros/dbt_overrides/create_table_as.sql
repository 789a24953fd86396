{#- dbt-duckdb's, for queries over visitor_parts(): one statement a part. The order in which
    rows arrive means nothing, and keeping it costs these queries their second thread. -#}
{% macro duckdb__create_table_as(temporary, relation, compiled_code, language="sql") %}
    {% set parts = select_by_parts(compiled_code) if language == "sql" else [compiled_code] %}
    {% set created = dbt.duckdb__create_table_as(
        temporary, relation, parts[0], language, **kwargs
    ) %}
    {% if "/* visitors in " not in compiled_code %} {{ return(created) }} {% endif %}
    {% set statements = ["set global preserve_insertion_order = false", created] %}
    {% for part in parts[1:] %}
        {% do statements.append(
            "insert into " ~ relation.include(database=(not temporary), schema=(not temporary))
            ~ " by name (" ~ part ~ ")"
        ) %}
    {% endfor %}
    {% do statements.append("set global preserve_insertion_order = true") %}
    {{ return(statements | join(";\n")) }}
{% endmacro %}
