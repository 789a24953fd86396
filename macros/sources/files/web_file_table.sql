{#- A modelled web table in files, as {relation, columns, origin}; none where there are no
    such files. Only DuckDB reads files: the folder CDP_WEB, or data/web; none with `none`. -#}
{% macro web_file_table(kind) %}
    {{ return(adapter.dispatch("web_file_table", "cdp")(kind)) }}
{% endmacro %}

{% macro default__web_file_table(kind) %} {{ return(none) }} {% endmacro %}

{% macro duckdb__web_file_table(kind) %}
    {% set given = env_var("CDP_WEB", "") %}
    {% if given == "none" %} {{ return(none) }} {% endif %}
    {% set folder = given or "data/web" %}
    {% set origin = "CDP_WEB=" ~ folder if given else folder %}
    {% set kinds = "(?:^|[/_.-])(page_views|views|sessions|users|user_mapping)(?=[/_.-])" %}
    {% set files = {} %}
    {% for file in data_files(folder) %}
        {#- snowplow_web_page_views.csv, snowplow_unified_views.csv, else users/part-0.parquet -#}
        {% set inside = file.path[folder | length:] | lower %}
        {% set named = modules.re.search(kinds, inside.split("/")[-1])
            or modules.re.search(kinds, inside) %}
        {% if named %}
            {% set found = "page_views" if named.group(1) == "views" else named.group(1) %}
            {% do files.setdefault(found, []).append(file) %}
        {% endif %}
    {% endfor %}
    {% set lacking = ["page_views", "sessions", "users"] | reject("in", files) | list %}
    {% if not files and not given or kind == "user_mapping" and kind not in files %}
        {{ return(none) }}
    {% endif %}
    {% if lacking and flags.WHICH in ["build", "run", "test"] %}
        {{ exceptions.raise_compiler_error(
            "No " ~ lacking | join(", no ") ~ " found at " ~ origin ~ ". Put page_views, sessions "
            ~ "and users there as .parquet, .csv, .tsv, .ndjson, .jsonl or .json files (.gz is "
            ~ "fine), named after them: snowplow_web_page_views.csv, users.parquet, ..."
        ) }}
    {% endif %}
    {% if kind not in files %} {{ return(none) }} {% endif %}
    {% set table = read_files(
        files[kind], origin ~ ", " ~ kind, wanted_web_columns(kind)
    ) %}
    {{ return(dict(table, origin=files[kind] | map(attribute="path") | join(", "))) }}
{% endmacro %}

{#- The columns of a web table under both names, those that it has to have first. -#}
{% macro wanted_web_columns(kind) %}
    {% set names = [] %}
    {% set others = ["domain_userid", "user_identifier", "user_id"] if kind == "user_mapping" else [] %}
    {% if execute and graph is defined and graph.nodes is defined %}
        {% for name, column in graph.nodes["model.cdp.stg_snowplow__" ~ kind].columns.items() %}
            {% for one in [name, column.config.meta.unified_name or name] %}
                {% do (names if column.config.meta.required else others).append(one) %}
            {% endfor %}
        {% endfor %}
    {% endif %}
    {{ return((names + others) | unique | list) }}
{% endmacro %}
