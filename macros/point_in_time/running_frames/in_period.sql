{#- The pieces that running_frames_output() puts together. Each adds the columns it needs to
    the plan and returns SQL over them. -#}

{#- The column of this aggregate over all rows before the moment, or before the period. -#}
{% macro frame_column(plan, aggregate, period=none) %}
    {% set name = "so_far_" if period is none else "before_" ~ period_name(period) ~ "_" %}
    {{ return(stage_column(plan.frames, frame_before(aggregate, period), name)) }}
{% endmacro %}

{% macro aggregate_in_period(plan, function, column, period) %}
    {% set aggregate = function ~ "(" ~ column ~ ")" %}
    {% set before = frame_column(plan, aggregate) %}
    {% if period is none %} {{ return(before) }} {% endif %}
    {% set older = frame_column(plan, aggregate, period) %}
    {% set sql -%}
    ({{ before }} - {{ older if function == "count" else "coalesce(" ~ older ~ ", 0)" }})
    {%- endset %}
    {{ return(sql) }}
{% endmacro %}

{% macro count_in_period(plan, condition, period) %}
    {% set mark = stage_column(plan.events, value_only_if(condition, "1"), "e") %}
    {{ return(aggregate_in_period(plan, "count", mark, period)) }}
{% endmacro %}

{% macro total_in_period(plan, kind, condition, value, period) %}
    {% set number = stage_column(plan.events, value_only_if(condition, millionths(value)), "e") %}
    {% set total = in_unit(aggregate_in_period(plan, "sum", number, period), 1000000) %}
    {% set count = aggregate_in_period(plan, "count", number, period) %}
    {{ return(total_or_mean(kind, total, count)) }}
{% endmacro %}

{#- A key is present from its first event until one period after its last, where a gap
    longer than the period begins anew: keys that came minus keys that went. -#}
{% macro unique_in_period(plan, condition, value, period) %}
    {% set key = stage_column(plan.events, value_only_if(condition, value), "e") %}
    {% set of_key = " over (partition by domain_userid, " ~ key ~ " order by us)" %}
    {% set earlier = stage_column(plan.neighbours, "lag(us)" ~ of_key, "n") %}
    {% if period is none %}
        {% set is_first = key ~ " is not null and " ~ earlier ~ " is null" %}
        {% set first = stage_column(plan.marks, value_only_if(is_first, "1"), "m") %}
        {% set present = aggregate_in_period(plan, "count", first, none) %}
    {% else %}
        {% set later = stage_column(plan.neighbours, "lead(us)" ~ of_key, "n") %}
        {% set comes -%}
        {{ key }} is not null and coalesce(us - {{ earlier }} > {{ period }}, true)
        {%- endset %}
        {% set goes -%}
        {{ key }} is not null and coalesce({{ later }} - us > {{ period }}, true)
        {%- endset %}
        {% set came = stage_column(plan.marks, value_only_if(comes, "1"), "m") %}
        {% set went = stage_column(plan.marks, value_only_if(goes, "1"), "m") %}
        {% set present -%}
        ({{ frame_column(plan, "count(" ~ came ~ ")") }}
        - {{ frame_column(plan, "count(" ~ went ~ ")", period) }})
        {%- endset %}
    {% endif %}
    {{ return("cast(" ~ present ~ " as " ~ dbt.type_bigint() ~ ")") }}
{% endmacro %}

{% macro event_time_if(plan, condition) %}
    {% set time = value_only_if(condition, epoch_us("event_tstamp")) %}
    {{ return(stage_column(plan.events, time, "e")) }}
{% endmacro %}

{% macro latest_event_time(plan, condition, period=none) %}
    {{ return(frame_column(plan, "max(" ~ event_time_if(plan, condition) ~ ")", period)) }}
{% endmacro %}

{#- Did the latest such event happen within the period? One frame serves every period. -#}
{% macro holds_in_period(plan, condition, period) %}
    {% set latest = latest_event_time(plan, condition) %}
    {% if period is none %} {{ return("(" ~ latest ~ " is not null)") }} {% endif %}
    {{ return("coalesce(" ~ latest ~ " >= us - " ~ period ~ ", false)") }}
{% endmacro %}

{#- The value among the events of one microsecond: by event_id the first, or the last. -#}
{% macro value_among_ties(plan, condition, value, which) %}
    {% set text = value_only_if(condition, text_or_empty(value)) %}
    {% set of_event = stage_column(plan.events, text, "e") %}
    {% set among_ties -%}
    {{ ignore_nulls(which ~ "_value", of_event) }} over (
        partition by domain_userid, us order by event_id
        rows between unbounded preceding and unbounded following
    )
    {%- endset %}
    {{ return(stage_column(plan.neighbours, among_ties, "n")) }}
{% endmacro %}

{#- The value (or, with none, the time) of the first such event in the period, else null.
    Where the subject has an older one, it is what follows the last event before the period. -#}
{% macro first_in_period(plan, condition, value, period) %}
    {% set column = event_time_if(plan, condition) if value is none
        else value_among_ties(plan, condition, value, "first") %}
    {% set earliest = frame_column(plan, ignore_nulls("first_value", column)) %}
    {% if period is none %} {{ return(earliest) }} {% endif %}
    {% set next = stage_column(
        plan.marks, frame_after(ignore_nulls("last_value", column)), "m"
    ) %}
    {% set older = latest_event_time(plan, condition, period) %}
    {% set following = frame_column(plan, "last_value(" ~ next ~ ")", period) %}
    {% set sql -%}
    case
        when {{ holds_in_period(plan, condition, period) }}
            then case when {{ older }} is null then {{ earliest }} else {{ following }} end
    end
    {%- endset %}
    {{ return(sql) }}
{% endmacro %}

{% macro last_in_period(plan, feature, condition, moments_are_events) %}
    {% set own = stage_column(
        plan.events, value_only_if(condition, text_or_empty(feature.value)), "e"
    ) if feature.own and moments_are_events %}
    {% if own and condition == "true" %} {{ return(own) }} {% endif %}
    {% set value = value_among_ties(plan, condition, feature.value, "last") %}
    {% set latest = frame_column(plan, ignore_nulls("last_value", value)) %}
    {% set before = value_only_if(holds_in_period(plan, condition, feature.period), latest) %}
    {{ return("coalesce(" ~ (own ~ ", " if own else "") ~ before ~ ", '')") }}
{% endmacro %}
