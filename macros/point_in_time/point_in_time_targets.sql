{#- SQL that labels moments, one row each: did the subject convert (min_count times) with
    moment < event_tstamp <= moment + horizon? Null until moment + horizon +
    late_arrival_allowance has passed. Arguments as point_in_time_features(), and `as_of`,
    the relation or CTE with the one as_of_tstamp. -#}
{% macro point_in_time_targets(conversions, horizon, events, as_of, moments=none) %}
    {{ return(adapter.dispatch("point_in_time_targets", "cdp")(
        conversions, horizon, events, as_of, moments
    )) }}
{% endmacro %}
