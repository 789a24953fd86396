{#- A text as a timestamp in UTC; null where it is written in a way that is not known,
    or that can be read as two moments. dbt_project/docs/reading_data.md lists what is read. -#}
{% macro time_of_text(written) %}
    {% set text = "trim(" ~ written ~ ")" %}
    {% set seconds = ":[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?" %}
    {% set hours = "([01]?[0-9]|2[0-3])" ~ seconds %}
    {% set half_day_hours = "(0?[1-9]|1[0-2])" ~ seconds ~ " ?[AP]M" %}
    {% set utc = " ?(Z|UTC|GMT)( ?\\[(Z|UTC|GMT|ETC/UTC)\\])?| ?[+-]00(:?00)?( ?(Z|UTC|GMT))?" %}
    {#- a word after an offset is the zone's abbreviation or name; UTC and GMT would contradict it -#}
    {% set offset = " ?[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?( ?[A-FH-TV-Z][A-Z]{2,3})?( ?\\[[A-Z_/]+\\])?" %}
    {% set day = "[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}" %}
    {% if var("date_order") is not none %}
        {% set day = "(" ~ day ~ "|[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{4})" %}
    {% endif %}
    {% set clock = "(" ~ hours ~ "|" ~ half_day_hours ~ ")" %}
    {% set usual = "[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?" %}
    {% set epoch = "[0-9]{10}([.][0-9]+)?|[0-9]{13}([.][0-9]+)?|[0-9]{16}([.][0-9]+)?|[0-9]{19}" %}
    {#- a double holds sixteen digits -#}
    {% set digits = "case when length(" ~ text ~ ") = 19 then substr(" ~ text ~ ", 1, 16) else "
        ~ text ~ " end" %}
    {% set sql %}
    case
        when {{ matches_whole_text(written, usual) }} then {{ try_timestamp(written) }}
        when {{ matches_whole_text(written, usual ~ "(" ~ utc ~ ")") }}
            then {{ try_timestamp(first_matching_part(written, "^[0-9-]+[T ][0-9:]+([.][0-9]{1,6})?")) }}
        {{- native_offset_case(written, usual) }}
        when {{ matches_whole_text(text, epoch) }}
            then {{ time_of_number("try_cast(" ~ digits ~ " as double)") }}
        when {{ matches_whole_text(
            "upper(" ~ text ~ ")", day ~ "([T ]" ~ clock ~ "(" ~ utc ~ "|" ~ offset ~ ")?)?"
        ) }}
            then {{ time_of_parts("upper(" ~ text ~ ")") }}
    end
    {%- endset %}
    {{ return(sql) }}
{% endmacro %}

{#- The same of an upper-case text whose shape is known: its day and clock, less its offset. -#}
{% macro time_of_parts(text) %}
    {% set day = "translate(" ~ first_matching_part(text, "^[0-9]+[-/.][0-9]+[-/.][0-9]+") ~ ", '/.', '--')" %}
    {% set first = "split_part(" ~ day ~ ", '-', 1)" %}
    {% set second = "split_part(" ~ day ~ ", '-', 2)" %}
    {% set third = "split_part(" ~ day ~ ", '-', 3)" %}
    {% set clock = first_matching_part(text, "[0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?") %}
    {% set after_clock = first_matching_part(text, ":[0-9]{2}([.][0-9]+)?( ?[AP]M)? ?[+-][0-9:]+") %}
    {% set offset = "replace(" ~ first_matching_part(after_clock, "[+-].*$") ~ ", ':', '')" %}
    {% set half_day_us = 43200000000 %}
    {% set year_first %}
        {{- first }} || '-' || lpad({{ second }}, 2, '0') || '-' || lpad({{ third }}, 2, '0')
    {%- endset %}
    {% if var("date_order") is not none %}
        {% set days, months = (first, second) if var("date_order") == "dmy" else (second, first) %}
        {% set year_first %}
            case when length({{ first }}) = 4 then {{ year_first }}
            else {{ third }} || '-' || lpad({{ months }}, 2, '0') || '-' || lpad({{ days }}, 2, '0')
            end
        {%- endset %}
    {% endif %}
    {% set local %}
            {{ year_first }} || ' '
            || case when {{ clock }} = '' then '00:00'
                when {{ clock }} like '_:%' then '0' || {{ clock }} else {{ clock }} end
    {%- endset %}
    {% set us %}
            {{ epoch_us(try_timestamp(local)) }}
            + case when {{ matches_whole_text(text, ".*[0-9] ?PM.*") }} then {{ half_day_us }} else 0 end
            - case when {{ matches_whole_text(text, ".*[T ]12:[0-9:.]+ ?[AP]M.*") }}
                then {{ half_day_us }} else 0 end
            - case when {{ offset }} like '-%' then -60000000 else 60000000 end * (
                60 * coalesce(try_cast(substr({{ offset }}, 2, 2) as {{ dbt.type_bigint() }}), 0)
                + coalesce(try_cast(substr({{ offset }}, 4, 2) as {{ dbt.type_bigint() }}), 0)
            )
    {%- endset %}
    {{ return(timestamp_us(us)) }}
{% endmacro %}

{#- Seconds, milliseconds, microseconds or nanoseconds since 1970, by their number of digits: 10,
    13, 16 or 19, which is from 2001 on. 2e9 seconds are in 2033; above, a number is rather an
    hour such as 2024030112. Others are no times: 20240301, a spreadsheet's 45352. -#}
{% macro time_of_number(number) %}
    {% set us %}
            cast(round(
                case
                    when {{ number }} >= 1e9 and {{ number }} < 2e9 then {{ number }} * 1e6
                    when {{ number }} >= 1e12 and {{ number }} < 1e13 then {{ number }} * 1e3
                    when {{ number }} >= 1e15 and {{ number }} < 1e16 then {{ number }}
                    when {{ number }} >= 1e18 and {{ number }} < 9.2e18 then {{ number }} / 1e3
                end
            ) as {{ dbt.type_bigint() }})
    {%- endset %}
    {{ return(timestamp_us(us)) }}
{% endmacro %}
