{#- SQL: the events that count, of base_snowplow__events and event_clock. -#}
{% macro events_kept() %}
    select base.*
    from {{ ref("base_snowplow__events") }} as base
    cross join {{ ref("event_clock") }} as event_clock
    where
        base.set_aside_reason is null
        and not {{ is_clock_outlier("base", "event_clock") }}
{% endmacro %}

{#- Called before stg_snowplow__events is made: stops the build if no event is left to count,
    and says why in words. What was built before stays. -#}
{% macro check_events_count() %}
    {% if not execute or modelled_table("sessions") is not none
        or has_rows("(" ~ events_kept() ~ ") as kept") %}
        {{ return("") }}
    {% endif %}
    {% set events = ref("base_snowplow__events") %}
    {% set counts %}
        select
            coalesce(set_aside_reason, 'kept') as outcome,
            count(*) as num_events
        from {{ events }}
        group by 1
        order by 2 desc, 1
    {% endset %}
    {% set outcomes = run_query(counts).rows %}
    {% set told = [] %}
    {% for row in outcomes %} {% do told.append(row[0] ~ " " ~ row[1]) %} {% endfor %}
    {{ exceptions.raise_compiler_error(
        "No event counts, so there is nothing to build from. "
        ~ ("All were set aside: " ~ told | join(", ") ~ ". " ~ set_aside_advice(outcomes[0][0], events)
            if told else "There is no event at " ~ events_origin() ~ ".")
    ) }}
{% endmacro %}

{#- What to change, given why most events were set aside. -#}
{% macro set_aside_advice(reason, events) %}
    {% set advice = {
        "no_event_id": "Most have no event_id. Name the column that holds it event_id.",
        "no_timestamp": "Most have no derived_tstamp or collector_tstamp that can be read. See "
            ~ "dbt_project/docs/reading_data.md for the spellings of times that are read.",
        "clock_defect": "Most have a derived_tstamp more than var max_clock_skew ("
            ~ var("max_clock_skew") ~ ") after their collector_tstamp. Are both in UTC?",
        "after_as_of": "Most are later than var as_of (" ~ var("as_of") ~ "). Set a later one, "
            ~ "or null.",
        "bot": "Most are of bots, by the IAB and YAUAA entities or by var bot_useragent_pattern. "
            ~ "Set var exclude_bots to false to keep them.",
        "test_traffic": "Most are test traffic by var test_traffic. Change its criteria.",
    } %}
    {% if reason == "other_app_id" %} {{ return(app_id_advice(events)) }} {% endif %}
    {{ return(advice.get(reason, "See dbt_project/docs/reading_data.md.")) }}
{% endmacro %}

{#- Application ids are the team's own names, so they may be shown. -#}
{% macro app_id_advice(events) %}
    {% set found %}
        select coalesce(app_id, '(none)') as app_id, count(*) as num_events
        from {{ events }}
        group by 1
        order by 2 desc, 1
        limit 5
    {% endset %}
    {% set names = [] %}
    {% for row in run_query(found).rows %} {% do names.append(row[0] ~ " " ~ row[1]) %} {% endfor %}
    {{ return(
        "Var app_ids is " ~ var("app_ids") | join(", ") ~ "; the commonest app_ids of the events "
        ~ "are: " ~ names | join(", ") ~ "."
    ) }}
{% endmacro %}
