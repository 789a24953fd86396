{#- Called when as_of is made, before any features, scores and audiences: stops if the newest
    event that counts is stale. What was published before stays. -#}
{% macro check_event_age() %}
    {% set does = var("stale_events") %}
    {% if does == "auto" %} {% set does = stale_events_by_default() %} {% endif %}
    {% if not execute or does == "ignore" or var("max_event_age") is none or var("as_of") is not none %}
        {{ return("") }}
    {% endif %}
    {% set newest_us = run_query("select " ~ epoch_us("as_of_tstamp") ~ " from " ~ this).rows[0][0] %}
    {% set age_us = (run_started_at.timestamp() * 1000000) | int - newest_us | int %}
    {% if newest_us is not none and age_us > iso_duration_us(var("max_event_age")) | int %}
        {% set newest = utc_text(newest_us | int, "%Y-%m-%d %H:%M:%S") %}
        {{ exceptions.raise_compiler_error(
            "The newest event that counts is of " ~ newest ~ " UTC, "
            ~ (age_us / 3600000000) | round(1) ~ " hours ago; var max_event_age is "
            ~ var("max_event_age") ~ ". Nothing is trained, scored or published from stale "
            ~ "events. Load newer ones, or build from these all the same: "
            ~ "--vars '{stale_events: ignore}'."
        ) }}
    {% endif %}
    {{ return("") }}
{% endmacro %}
