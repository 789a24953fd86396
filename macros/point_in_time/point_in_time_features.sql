{#- SQL that computes features at moments, one row per moment: the subject's events with
    moment - period <= event_tstamp < moment, whatever the order of the rows.

    definitions  column -> definition, from feature_columns()
    events       a relation or CTE with the columns of stg_snowplow__events
    moments      a relation or CTE with domain_userid and as_of_tstamp, no pair twice;
                 none: every event is a moment, and the rows carry its event_id -#}
{% macro point_in_time_features(definitions, events, moments=none) %}
    {{ return(adapter.dispatch("point_in_time_features", "cdp")(
        feature_definitions(definitions), events, moments
    )) }}
{% endmacro %}
