{#- As events do, a row of a table counts from its time; if it became known more than
    `arrival_tolerance` later, it counts from then. Rows with one id are one conversion, the
    earliest. Without an id, rows of one subject at one time are one conversion. -#}
{% macro conversion_rows_of_table(conversion) %}
    {% set table = conversion_table(conversion) %}
    {% set user = conversion_table_column(conversion, conversion_user_key(conversion), table) %}
    {% set tstamp = typed_column(
        conversion_table_column(conversion, "tstamp_column", table), "timestamp"
    ) %}
    {% if "known_tstamp_column" in conversion %}
        {% set known = typed_column(
            conversion_table_column(conversion, "known_tstamp_column", table), "timestamp"
        ) %}
        {% set happened = tstamp %}
        {% set tstamp -%}
        case
            when
                {{ epoch_us(known) }} - {{ epoch_us(happened) }}
                > {{ iso_duration_us(var("arrival_tolerance")) }}
                then {{ known }}
            else {{ happened }}
        end
        {%- endset %}
    {% endif %}
    {% set columns = {} %}
    {% for name, column in table.columns.items() %}
        {% do columns.update({name: {"name": column.name, "kind": kind_of_type(column.type)}}) %}
    {% endfor %}
    {% set who = known_id(typed_column(user, "text")) %}
    {% set by_user_id = "user_id_column" in conversion %}
    {% set id -%}
    {{ typed_column(user, "text") }} || ' ' || cast({{ epoch_us(tstamp) }} as {{ dbt.type_string() }})
    {%- endset %}
    {% if "id_column" in conversion %}
        {% set own = typed_column(
            conversion_table_column(conversion, "id_column", table), "text"
        ) %}
        {% set id = "coalesce(" ~ own ~ ", " ~ id ~ ")" %}
    {% endif %}
    {% set rows %}
    select
        {{ sql_literal(conversion.name) }} as conversion_name,
        conversion_id,
        {{ text_null() if by_user_id else "who" }} as domain_userid,
        {{ "who" if by_user_id else text_null() }} as user_id,
        conversion_tstamp
    from (
        select
            *,
            row_number() over (
                partition by conversion_id order by conversion_tstamp, who
            ) as number_of_id
        from (
            select
                {{ id }} as conversion_id,
                {{ who }} as who,
                {{ tstamp }} as conversion_tstamp
            from {{ table.relation }}
            where
                {{ who }} is not null
                and {{ tstamp }} is not null
                and {{ event_condition(
                    criteria=conversion.criteria, what="conversion " ~ conversion.name,
                    columns=columns
                ) }}
        ) as told
    ) as numbered
    where number_of_id = 1
    {%- endset %}
    {{ return(rows) }}
{% endmacro %}

{#- The key that names whose a row is. -#}
{% macro conversion_user_key(conversion) %}
    {{ return("user_id_column" if conversion.get("user_id_column") else "domain_userid_column") }}
{% endmacro %}

{#- The column of the table that a key of the conversion names. -#}
{% macro conversion_table_column(conversion, key, table) %}
    {% set name = conversion[key] %}
    {% if name | lower not in table.columns %}
        {{ definition_error(
            "conversion " ~ conversion.name ~ ", table " ~ conversion.table, key, name,
            table.columns | sort | join(", ")
        ) }}
    {% endif %}
    {{ return(table.columns[name | lower]) }}
{% endmacro %}

{#- Checks what a conversion is made of, on run start: its criteria, its table. -#}
{% macro check_conversion(conversion) %}
    {% if conversion.source == "events" %}
        {% do conversion_condition(conversion) %}
    {% elif conversion.source == "page_views" %}
        {% do page_view_criteria(conversion) %}
    {% else %}
        {% do conversion_rows_of_table(conversion) %}
    {% endif %}
{% endmacro %}
