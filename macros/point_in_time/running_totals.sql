{#- The columns behind features written as running totals that are looked up at a moment
    and one period before it (ASOF joins). Counts share integers: field i of `h` is bits
    31 * (i mod 4) and up of hugeint i div 4, so that one sum adds four counts and one
    subtraction takes four differences. No field overflows below 2^31 events a visitor.

    counts    condition -> field          uniques   [{key, period}], by field
    stretches value SQL -> {name, bucket}  codes     condition -> {name, texts}
    totals, lowest, highest, times, own   SQL over an event -> name;  owners  feature -> own
    firsts, lasts  columns whose first or last value is asked for; meanings  of their codes
    frames    SQL over the running rows -> name;  periods  that are looked up -#}
{% macro running_totals_plan(features, moments_are_events) %}
    {% set plan = {
        "counts": {}, "uniques": [], "stretches": {}, "totals": {}, "lowest": {}, "highest": {},
        "times": {}, "codes": {}, "own": {}, "owners": {}, "firsts": [], "lasts": [], "meanings": {},
        "frames": {}, "periods": [], "outputs": {},
    } %}
    {% for feature in features %}
        {% do plan.outputs.update({
            feature.name: running_totals_output(plan, feature, moments_are_events),
        }) %}
    {% endfor %}
    {{ return(plan) }}
{% endmacro %}

{% macro running_totals_output(plan, feature, moments_are_events) %}
    {% set kind = feature.aggregation %}
    {% if kind in ["day_of_week", "hour_of_day"] %} {{ return(moment_part(kind, "moment.us")) }} {% endif %}
    {% set condition = feature.conditions[0].condition %}
    {% set value, period = feature.value, feature.period %}
    {% if kind == "counter" %}
        {{ return(packed_count(plan, condition, period)) }}
    {% elif kind == "unique_count" %}
        {{ return(packed_unique(plan, only_if(condition, value), period)) }}
    {% elif kind == "any" %}
        {% set terms = [] %}
        {% for part in feature.conditions %}
            {% do terms.append(
                packed_count(plan, part.condition, period) ~ " >= " ~ part.min_count
            ) %}
        {% endfor %}
        {{ return(terms | join(" or ")) }}
    {% elif kind in ["sum", "mean"] %}
        {% set total = stage_column(plan.totals, only_if(condition, millionths(value)), "v") %}
        {% set difference = so_far(plan, total, period) %}
        {% set count = packed_count(
            plan, joined(condition, value ~ " is not null"), period
        ) %}
        {{ return(
            "case when " ~ count ~ " > 0 then " ~ in_unit(difference, 1000000)
            ~ (" / " ~ count if kind == "mean" else " else 0") ~ " end"
        ) }}
    {% elif kind in ["min", "max"] %}
        {% set number = stage_column(
            plan.lowest if kind == "min" else plan.highest,
            only_if(condition, "cast(" ~ value ~ " as double)"), kind ~ "_",
        ) %}
        {{ return("moment." ~ stage_column(
            plan.frames, sliding(kind ~ "(" ~ number ~ ")", "subject", period), "f"
        )) }}
    {% elif kind == "most_frequent" %}
        {% set counts = [] %}
        {% for choice in feature.choices %}
            {% do counts.append(packed_count(
                plan, joined(condition, value ~ " = " ~ sql_literal(choice)), period
            )) %}
        {% endfor %}
        {{ return(most_frequent(feature.choices, counts)) }}
    {% elif kind == "first" %}
        {% set earliest = packed_first(plan, condition, packed_code(plan, condition), period) %}
        {{ return("coalesce(" ~ packed_text(plan, condition, value, earliest) ~ ", '')") }}
    {% elif kind == "last" %}
        {{ return(packed_last(plan, feature, condition, moments_are_events)) }}
    {% elif kind == "time_since_first" %}
        {% set time = stage_column(plan.times, only_if(condition, epoch_us("event_tstamp")), "t") %}
        {{ return(in_unit(
            "moment.us - " ~ packed_first(plan, condition, time, period), feature.unit_us
        )) }}
    {% elif kind == "time_since_last" %}
        {% set time = stage_column(plan.times, only_if(condition, epoch_us("event_tstamp")), "t") %}
        {% set latest = stage_column(plan.frames, preceding("max(" ~ time ~ ")"), "f") %}
        {% set since = "moment.us - moment." ~ latest %}
        {{ return(in_unit(
            since if period is none
            else "case when " ~ since ~ " <= " ~ period ~ " then " ~ since ~ " end",
            feature.unit_us,
        )) }}
    {% endif %}
{% endmacro %}

{#- Rows before this one: those of earlier microseconds, as a moment comes before what
    happens in its own. -#}
{% macro preceding(function) %}
    {{ return(
        function ~ " over (partition by subject order by us, is_moment desc"
        ~ " rows between unbounded preceding and 1 preceding)"
    ) }}
{% endmacro %}

{#- A running column as it was one period before the moment. -#}
{% macro lookup(plan, column, period) %}
    {% if period not in plan.periods %} {% do plan.periods.append(period) %} {% endif %}
    {{ return("before_" ~ period ~ "." ~ column) }}
{% endmacro %}

{% macro so_far(plan, column, period) %}
    {% if period is none %} {{ return("moment." ~ column) }} {% endif %}
    {{ return("moment." ~ column ~ " - coalesce(" ~ lookup(plan, column, period) ~ ", 0)") }}
{% endmacro %}

{% macro field(expression, index) %}
    {{ return(
        "cast((" ~ expression ~ ") >> " ~ 31 * (index % 4) ~ " & 2147483647 as bigint)"
    ) }}
{% endmacro %}

{% macro packed_count(plan, condition, period) %}
    {% if condition not in plan.counts %}
        {% do plan.counts.update({condition: plan.counts | length}) %}
    {% endif %}
    {% set index = plan.counts[condition] %}
    {{ return(field(so_far(plan, "h" ~ index // 4, period), index)) }}
{% endmacro %}

{% macro packed_unique(plan, value, period) %}
    {% if value not in plan.stretches %}
        {% do plan.stretches.update({value: {"name": "k" ~ plan.stretches | length, "bucket": none}}) %}
    {% endif %}
    {% set key = plan.stretches[value] %}
    {% if period is not none %}
        {% do key.update({"bucket": [period, key.bucket or period] | min}) %}
    {% endif %}
    {% set unique = {"key": key.name, "period": period} %}
    {% if unique not in plan.uniques %} {% do plan.uniques.append(unique) %} {% endif %}
    {% set index = plan.uniques.index(unique) %}
    {{ return(field("moment.d" ~ index // 4, index)) }}
{% endmacro %}
