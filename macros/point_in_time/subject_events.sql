{#- The events that features and targets see: of a known subject, and not among the
    `excluded_events`. Nothing here lies at or after as_of: staging sees to that.
    `since_us` leaves out older events; none: none. -#}
{% macro subject_events(events, since_us=none) %}
    select * from {{ events }}
    where
        domain_userid is not null
        {%- if var("excluded_events") %}
        and event_name not in ({{ text_literals(var("excluded_events")) }})
        {%- endif %}
        {%- if since_us is not none %}
        and event_tstamp >= {{ timestamp_us(since_us) }}
        {%- endif %}
{% endmacro %}
