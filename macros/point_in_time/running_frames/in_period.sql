{#- The pieces that running_frames_output puts together. Each adds the columns it needs to
    the plan and returns SQL over them. -#}

{% macro aggregate_in_period(plan, function, column, period) %}
    {% set call = function ~ "(" ~ column ~ ")" %}
    {% set before = stage_column(plan.frames, frame_before(call), "f") %}
    {% if period is none %} {{ return(before) }} {% endif %}
    {% set older = stage_column(plan.frames, frame_before(call, period), "f") %}
    {% if function == "count" %} {{ return("(" ~ before ~ " - " ~ older ~ ")") }} {% endif %}
    {{ return("(" ~ before ~ " - coalesce(" ~ older ~ ", 0))") }}
{% endmacro %}

{% macro count_in_period(plan, condition, period) %}
    {% set mark = stage_column(plan.events, value_only_if(condition, "1"), "e") %}
    {{ return(aggregate_in_period(plan, "count", mark, period)) }}
{% endmacro %}

{% macro total_in_period(plan, kind, condition, value, period) %}
    {% set number = stage_column(plan.events, value_only_if(condition, millionths(value)), "e") %}
    {% set total = in_unit(aggregate_in_period(plan, "sum", number, period), 1000000) %}
    {% set count = aggregate_in_period(plan, "count", number, period) %}
    {% if kind == "sum" %}
        {{ return("case when " ~ count ~ " > 0 then " ~ total ~ " else 0 end") }}
    {% endif %}
    {{ return("case when " ~ count ~ " > 0 then " ~ total ~ " / " ~ count ~ " end") }}
{% endmacro %}

{#- A key is present from its first event until one period after its last, where a gap
    longer than the period begins anew: keys that came minus keys that went. -#}
{% macro unique_in_period(plan, condition, value, period) %}
    {% set key = stage_column(plan.events, value_only_if(condition, value), "e") %}
    {% set same = " over (partition by domain_userid, " ~ key ~ " order by us)" %}
    {% set earlier = stage_column(plan.neighbours, "lag(us)" ~ same, "n") %}
    {% if period is none %}
        {% set first = stage_column(
            plan.marks, value_only_if(key ~ " is not null and " ~ earlier ~ " is null", "1"), "m"
        ) %}
        {% set present = aggregate_in_period(plan, "count", first, none) %}
    {% else %}
        {% set later = stage_column(plan.neighbours, "lead(us)" ~ same, "n") %}
        {% set came = stage_column(plan.marks, value_only_if(
            key ~ " is not null and coalesce(us - " ~ earlier ~ " > " ~ period ~ ", true)", "1"
        ), "m") %}
        {% set went = stage_column(plan.marks, value_only_if(
            key ~ " is not null and coalesce(" ~ later ~ " - us > " ~ period ~ ", true)", "1"
        ), "m") %}
        {% set present = "(" ~ stage_column(plan.frames, frame_before("count(" ~ came ~ ")"), "f")
            ~ " - " ~ stage_column(plan.frames, frame_before("count(" ~ went ~ ")", period), "f") ~ ")" %}
    {% endif %}
    {{ return("cast(" ~ present ~ " as " ~ dbt.type_bigint() ~ ")") }}
{% endmacro %}

{% macro event_time_if(plan, condition) %}
    {{ return(stage_column(plan.events, value_only_if(condition, epoch_us("event_tstamp")), "e")) }}
{% endmacro %}

{% macro latest_event_time(plan, condition) %}
    {{ return(stage_column(plan.frames, frame_before("max(" ~ event_time_if(plan, condition) ~ ")"), "f")) }}
{% endmacro %}

{#- Did the latest such event happen within the period? One frame serves every period. -#}
{% macro holds_in_period(plan, condition, period) %}
    {% set latest = latest_event_time(plan, condition) %}
    {% if period is none %} {{ return("(" ~ latest ~ " is not null)") }} {% endif %}
    {{ return("coalesce(" ~ latest ~ " >= us - " ~ period ~ ", false)") }}
{% endmacro %}

{#- The value among the events of one microsecond: by event_id the first, or the last. -#}
{% macro value_among_ties(plan, condition, value, which) %}
    {% set text = "coalesce(cast(" ~ value ~ " as " ~ dbt.type_string() ~ "), '')" %}
    {% set of_event = stage_column(plan.events, value_only_if(condition, text), "e") %}
    {{ return(stage_column(
        plan.neighbours,
        ignore_nulls(which ~ "_value", of_event)
        ~ " over (partition by domain_userid, us order by event_id rows between unbounded"
        ~ " preceding and unbounded following)",
        "n",
    )) }}
{% endmacro %}

{#- The value (or, with none, the time) of the first such event in the period, else null.
    Where the subject has an older one, it is what follows the last event before the period. -#}
{% macro first_in_period(plan, condition, value, period) %}
    {% set column = event_time_if(plan, condition) if value is none
        else value_among_ties(plan, condition, value, "first") %}
    {% set earliest = stage_column(
        plan.frames, frame_before(ignore_nulls("first_value", column)), "f"
    ) %}
    {% if period is none %} {{ return(earliest) }} {% endif %}
    {% set next = stage_column(
        plan.marks, frame_after(ignore_nulls("last_value", column)), "m"
    ) %}
    {% set older = stage_column(
        plan.frames, frame_before("max(" ~ event_time_if(plan, condition) ~ ")", period), "f"
    ) %}
    {% set following = stage_column(
        plan.frames, frame_before("last_value(" ~ next ~ ")", period), "f"
    ) %}
    {{ return(
        "case when " ~ holds_in_period(plan, condition, period) ~ " then case when " ~ older
        ~ " is null then " ~ earliest ~ " else " ~ following ~ " end end"
    ) }}
{% endmacro %}

{% macro last_in_period(plan, feature, condition, moments_are_events) %}
    {% set text = "coalesce(cast(" ~ feature.value ~ " as " ~ dbt.type_string() ~ "), '')" %}
    {% set own = stage_column(plan.events, value_only_if(condition, text), "e")
        if feature.own and moments_are_events %}
    {% if own and condition == "true" %} {{ return(own) }} {% endif %}
    {% set value = value_among_ties(plan, condition, feature.value, "last") %}
    {% set latest = stage_column(
        plan.frames, frame_before(ignore_nulls("last_value", value)), "f"
    ) %}
    {% set before = "case when " ~ holds_in_period(plan, condition, feature.period) ~ " then "
        ~ latest ~ " end" %}
    {{ return("coalesce(" ~ (own ~ ", " if own else "") ~ before ~ ", '')") }}
{% endmacro %}
