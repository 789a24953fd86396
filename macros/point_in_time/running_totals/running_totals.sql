{#- The columns behind features written as running totals that are looked up at a moment
    and one period before it (ASOF joins). Counts share integers: field i is the bits from
    31 * (i mod 4) of hugeint h<i div 4>, so that one sum adds four counts and one subtraction
    takes four differences. No field overflows below 2^31 events a visitor. Distinct keys,
    which come and go, have the fields after the counts: a difference of theirs below zero
    borrows from higher fields only, and only the moment's own are read.

    counts    condition -> field          uniques   [{key, period}], in order of field
    stretches value SQL -> {name, bucket}  codes     condition -> {name, texts}
    totals, lowest, highest, times, own   SQL over an event -> name;  owners  feature -> own
    firsts, lasts  columns whose first or last value is asked for; meanings  of their codes
    frames    SQL over the running rows -> name;  periods  that are looked up
    packed    field -> names of the features that read it;  current  the feature in work -#}
{% macro running_totals_plan(features, moments_are_events) %}
    {#- planned twice: where the distinct keys' fields begin is known after the counts -#}
    {% set first = fill_running_totals_plan(features, moments_are_events, 0) %}
    {{ return(fill_running_totals_plan(features, moments_are_events, first.counts | length)) }}
{% endmacro %}

{% macro fill_running_totals_plan(features, moments_are_events, num_counts) %}
    {% set plan = {
        "num_counts": num_counts, "counts": {}, "uniques": [], "stretches": {}, "totals": {},
        "lowest": {}, "highest": {}, "times": {}, "codes": {}, "own": {}, "owners": {},
        "firsts": [], "lasts": [], "meanings": {}, "frames": {}, "periods": [], "outputs": {},
        "packed": {}, "current": none,
    } %}
    {% for feature in features %}
        {% do plan.update({"current": feature.name}) %}
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
        {{ return(packed_unique(plan, value_only_if(condition, value), period)) }}
    {% elif kind == "any" %}
        {% set terms = [] %}
        {% for part in feature.conditions %}
            {% do terms.append(
                packed_count(plan, part.condition, period) ~ " >= " ~ part.min_count
            ) %}
        {% endfor %}
        {{ return(terms | join(" or ")) }}
    {% elif kind in ["sum", "mean"] %}
        {% set total = stage_column(plan.totals, value_only_if(condition, millionths(value)), "v") %}
        {% set difference = growth_in_period(plan, total, period) %}
        {% set has_value = both_conditions(condition, value ~ " is not null") %}
        {% set count = packed_count(plan, has_value, period) %}
        {{ return(total_or_mean(kind, in_unit(difference, 1000000), count)) }}
    {% elif kind in ["min", "max"] %}
        {% set number = stage_column(
            plan.lowest if kind == "min" else plan.highest,
            value_only_if(condition, "cast(" ~ value ~ " as double)"), kind ~ "_",
        ) %}
        {{ return("moment." ~ stage_column(
            plan.frames, frame_of_period(kind ~ "(" ~ number ~ ")", "subject", period), "f"
        )) }}
    {% elif kind == "most_frequent" %}
        {% set counts = [] %}
        {% for choice in feature.choices %}
            {% set is_choice = both_conditions(condition, value ~ " = " ~ sql_literal(choice)) %}
            {% do counts.append(packed_count(plan, is_choice, period)) %}
        {% endfor %}
        {{ return(most_frequent(feature.choices, counts)) }}
    {% elif kind == "first" %}
        {% set earliest = packed_first(plan, condition, packed_code(plan, condition), period) %}
        {{ return("coalesce(" ~ packed_text(plan, condition, value, earliest) ~ ", '')") }}
    {% elif kind == "last" %}
        {{ return(packed_last(plan, feature, condition, moments_are_events)) }}
    {% elif kind == "time_since_first" %}
        {% set earliest = packed_first(plan, condition, packed_time(plan, condition), period) %}
        {{ return(in_unit("moment.us - " ~ earliest, feature.unit_us)) }}
    {% elif kind == "time_since_last" %}
        {% set time = packed_time(plan, condition) %}
        {% set latest = stage_column(plan.frames, rows_before_moment("max(" ~ time ~ ")"), "f") %}
        {% set since = "moment.us - moment." ~ latest %}
        {% set is_within = "true" if period is none else since ~ " <= " ~ period %}
        {{ return(in_unit(value_only_if(is_within, since), feature.unit_us)) }}
    {% endif %}
{% endmacro %}
