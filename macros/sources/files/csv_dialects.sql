{#- Which quotes the files of one layout use, [{files, quotes}]: for each file the first that
    all of its rows keep to. Quotes are doubled inside of quotes, or have a backslash before
    them; text between tabs can be without. A file that keeps to none has a faulty row. -#}
{% macro csv_dialects(one, origin) %}
    {% set quoted = [('"', '"'), ('"', "\\")] %}
    {% set plain = [("", "")] %}
    {#- enriched TSV has none, though a title may begin with a quote -#}
    {% set is_enriched = one.layout.names | map("lower") | list == enriched_columns() %}
    {% set choices = quoted %}
    {% if one.layout.delimiter == "\t" %}
        {% set choices = plain + quoted if is_enriched else quoted + plain %}
    {% endif %}
    {% set found = [] %}
    {% set state = namespace(files=one.files) %}
    {% for quotes in choices if state.files %}
        {% set faults = csv_faults(state.files, one.layout, quotes, is_enriched) %}
        {% set fitting = [] %}
        {% set others = [] %}
        {% for file in state.files %}
            {% do (others if file.path in faults else fitting).append(file) %}
        {% endfor %}
        {% if fitting %} {% do found.append({"files": fitting, "quotes": quotes}) %} {% endif %}
        {% set state.files = others %}
    {% endfor %}
    {% if state.files %}
        {% do raise_csv_fault(state.files[0], one, choices[0], origin) %}
    {% endif %}
    {{ return(found) }}
{% endmacro %}

{#- The files with rows that do not keep to the quotes, or have another number of fields:
    {path: {row, fault, rows}} of the first such row. All rows are read. -#}
{% macro csv_faults(files, layout, quotes, is_enriched) %}
    {% set reader = csv_reader(
        files, layout, quotes,
        "hive_partitioning = false, filename = 'read from', " ~ rejects_options(),
    ) %}
    {#- JSON never begins with a quote, unless the file has quotes after all -#}
    {% set in_quotes = "false" %}
    {% if is_enriched and not quotes[0] %}
        {% set json = [] %}
        {% for name in ["contexts", "unstruct_event", "derived_contexts"] %}
            {% do json.append("coalesce(starts_with(" ~ name ~ ", '\"'), false)") %}
        {% endfor %}
        {% set in_quotes = "bool_or(" ~ json | join(" or ") ~ ")" %}
    {% endif %}
    {% do drop_rejects() %}
    {% set all_rows %}
        select "read from", {{ in_quotes }} as in_quotes, count(columns(*))
        from {{ reader }}
        group by "read from"
    {% endset %}
    {% set read = run_query(all_rows).rows %}
    {% set faults = {} %}
    {% for row in read if row[1] %}
        {% do faults.update({row[0]: {"row": 1, "fault": "has quotes", "rows": 1}}) %}
    {% endfor %}
    {% for row in run_query("select * from (" ~ rejected_rows() ~ ") where place = 1").rows %}
        {% do faults.update({row[0]: {"row": row[1], "fault": row[2], "rows": row[3]}}) %}
    {% endfor %}
    {{ return(faults) }}
{% endmacro %}

{#- What DuckDB says of a row that it cannot read holds the row's text. It stays in tables. -#}
{% macro rejects_options() %}
    {{ return(
        "store_rejects = true, rejects_table = 'cdp_rejects', rejects_scan = 'cdp_reject_scans'"
    ) }}
{% endmacro %}

{% macro drop_rejects() %}
    {% do run_query("drop table if exists temp.cdp_rejects") %}
    {% do run_query("drop table if exists temp.cdp_reject_scans") %}
{% endmacro %}

{% macro rejected_rows() %}
    {% set query %}
        select
            scans.file_path,
            rejects.line as row_number,
            case rejects.error_type
                when 'UNQUOTED VALUE' then
                    'has a quote that is not closed, or text after a closing quote'
                when 'INVALID ENCODING' then 'is not UTF-8'
                when 'LINE SIZE OVER MAXIMUM' then 'is longer than 2,000,000 bytes'
                when 'TOO MANY COLUMNS' then regexp_replace(
                    rejects.error_message,
                    '^Expected Number of Columns: (\d+) Found: (\d+)$',
                    'has more than \1 fields'
                )
                else regexp_replace(
                    rejects.error_message,
                    '^Expected Number of Columns: (\d+) Found: (\d+)$',
                    'has \2 fields instead of \1'
                )
            end as fault,
            count(distinct rejects.line) over (partition by scans.file_path) as num_rows,
            row_number() over (
                partition by scans.file_path order by rejects.line, rejects.byte_position
            ) as place,
            split_part(rejects.csv_line, chr(10), 1) as start_of_line
        from temp.cdp_rejects as rejects
        inner join temp.cdp_reject_scans as scans
            on rejects.scan_id = scans.scan_id and rejects.file_id = scans.file_id
    {% endset %}
    {{ return(query) }}
{% endmacro %}

{#- Rows are counted by the reader, lines by what follows a line break, also inside quotes. -#}
{% macro raise_csv_fault(file, one, quotes, origin) %}
    {% set fault = csv_faults([file], one.layout, quotes, false)[file.path] %}
    {% set number_of_line %}
        select min(lines.number)
        from (
            select line, row_number() over () as number
            from {{ line_reader(file.path) }}
        ) as lines
        inner join ({{ rejected_rows() }}) as rejected
            on
                rtrim(lines.line, chr(13)) = rtrim(rejected.start_of_line, chr(13))
                and lines.number >= rejected.row_number
        where rejected.place = 1
    {% endset %}
    {% set found = run_query(number_of_line).rows[0][0] %}
    {{ exceptions.raise_compiler_error(
        origin ~ ": " ~ ("line " ~ found if found else "row " ~ fault.row) ~ " of " ~ file.path
        ~ " " ~ fault.fault ~ (" (" ~ fault.rows ~ " such lines)" if fault.rows > 1 else "")
        ~ ". Correct the file, or export it again: every row has all fields, and a text with a "
        ~ "delimiter, a quote or a line break is in double quotes. What the line says is not "
        ~ "shown, since it may be a visitor's."
    ) }}
{% endmacro %}
