{#- CTEs that end with `believed`, one row: from `first_us` until before `until_us` (microseconds,
    null: no bound) clocks are believed. A clock that is far from all others moves neither.

    `sightings` has one row per event: hour_us, the start of its hour; witness, whose event it is;
    has_server_clock (1 or 0), whether a server bounds it from above; has_collector, from below, too.

    Hours in which witnesses were seen form islands, between which nobody was seen for long.
    The main island has most witnesses. Another counts if it has support of its own:
    - at most a year from one that is sure, two witnesses or a tenth of a typical hour's, or the
      clock of a server;
    - further away, five witnesses or half of a typical hour's. In the past, the collector's
      clock is enough; before Snowplow was there, nothing is.
    What lies between islands that count is believed, and a day more. docs/clocks_and_people.md
    says why. -#}
{% macro believed_period(sightings) %}
{%- set hour_us = 3600000000 -%}
{%- set day_us = 24 * hour_us -%}
{%- set year_us = 366 * day_us -%}
hours as (

    select
        hour_us,
        count(distinct witness) as num_witnesses,
        min(witness) as first_witness,
        max(witness) as last_witness,
        max(has_server_clock) as has_server_clock,
        max(has_collector) as has_collector
    from {{ sightings }}
    group by hour_us

),

-- An hour of few where many were before says nothing: some clocks run ahead.
crowded as (

    select
        *,
        max(num_witnesses) over (
            order by hour_us rows between 672 preceding and current row
        ) as num_most_witnesses
    from hours

),

strong as (

    select
        *,
        hour_us - lag(hour_us) over (order by hour_us) as pause_us
    from crowded
    where has_server_clock = 1 or 500 * num_witnesses >= num_most_witnesses

),

-- Medians over sightings, so that a few odd clocks do not change them.
ranked as (

    select
        num_witnesses,
        coalesce(pause_us, 0) as pause_us,
        sum(num_witnesses) over () as num_sightings,
        sum(num_witnesses) over (
            order by num_witnesses, hour_us
            rows between unbounded preceding and current row
        ) as num_up_to_witnesses,
        sum(num_witnesses) over (
            order by coalesce(pause_us, 0), hour_us
            rows between unbounded preceding and current row
        ) as num_up_to_pause
    from strong

),

-- The less is known, the longer a pause may be.
typical as (

    select
        min(case when 2 * num_up_to_witnesses >= num_sightings then num_witnesses end)
            as num_witnesses,
        least({{ year_us }}, greatest(
            {{ 14 * day_us }},
            14 * min(case when 2 * num_up_to_pause >= num_sightings then pause_us end),
            {{ day_us }} * floor(3660 / max(num_sightings))
        )) as longest_pause_us
    from ranked

),

{{ islands_of_sightings() }}
{%- endmacro %}

{#- A bound of it as a timestamp; null where var clock_outliers is keep. -#}
{% macro believed_tstamp(us) %}
    {% if var("clock_outliers") == "set_aside" %} {{ return(timestamp_us(us)) }} {% endif %}
    {{ return("cast(null as " ~ type_timestamp_utc() ~ ")") }}
{% endmacro %}
