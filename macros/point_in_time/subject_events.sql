{#- The events that features and targets see: of a known subject, and not among the
    `excluded_events`. Nothing here lies at or after as_of: staging sees to that.
    `since` is a condition that leaves out older events; none: all are read. `in_parts`: the query
    holds nothing but what these events say, so that it may run for one part of the visitors
    after another. `by_user_id`: events without a visitor too, if they name a user_id. -#}
{% macro subject_events(events, since=none, in_parts=false, by_user_id=false) %}
    {%- set part = visitor_parts(events, since) if in_parts -%}
    select * from {{ events }}
    where
        {{ "(domain_userid is not null or user_id is not null)" if by_user_id
            else "domain_userid is not null" }}
        {%- if var("excluded_events") %}
        and (
            event_name is null
            or event_name not in ({{ text_literals(var("excluded_events")) }})
        )
        {%- endif %}
        {%- if since is not none %}
        and {{ since }}
        {%- endif %}
        {%- if part %}
        and {{ part }}
        {%- endif %}
{% endmacro %}
