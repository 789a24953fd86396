{#- The second half of believed_period(): CTEs from `strong` hours and what is `typical` to
    `believed`. -#}
{% macro islands_of_sightings() %}
{%- set hour_us = 3600000000 -%}
{%- set day_us = 24 * hour_us -%}
{%- set year_us = 366 * day_us -%}
{%- set snowplow_us = 1325376000000000 -%}  {#- 2012-01-01 -#}
numbered as (

    select
        strong.*,
        sum(
            case when strong.pause_us > typical.longest_pause_us then 1 else 0 end
        ) over (
            order by strong.hour_us rows between unbounded preceding and current row
        ) as island
    from strong
    cross join typical

),

-- How many witnesses there are at least.
islands as (

    select
        island,
        min(hour_us) as start_us,
        max(hour_us) + {{ hour_us }} as end_us,
        greatest(
            max(num_witnesses),
            count(distinct first_witness),
            count(distinct last_witness)
        ) as support,
        sum(num_witnesses) as num_sightings,
        max(has_server_clock) as has_server_clock,
        max(has_collector) as has_collector
    from numbered
    group by island

),

placed as (

    select
        *,
        rank() over (order by support desc, num_sightings desc) as place
    from islands

),

largest as (

    select
        min(start_us) as main_start_us,
        max(end_us) as main_end_us
    from placed
    where place = 1

),

-- Is an island sure by itself?
judged as (

    select
        placed.*,
        largest.main_end_us,
        typical.num_witnesses as num_typical,
        placed.end_us > largest.main_end_us as is_later,
        case
            when
                placed.start_us >= largest.main_start_us
                and placed.end_us <= largest.main_end_us
                then 1
            when placed.end_us > largest.main_end_us
                then
                    case
                        when
                            placed.support >= 5
                            and 2 * placed.support >= typical.num_witnesses
                            then 1
                        else 0
                    end
            when placed.start_us < {{ snowplow_us }} then 0
            when placed.support >= 5 or placed.has_collector = 1 then 1
            else 0
        end as is_sure
    from placed
    cross join largest
    cross join typical

),

reached as (

    select
        *,
        start_us - max(case when is_sure = 1 then end_us end) over (
            order by start_us rows between unbounded preceding and current row
        ) as after_us,
        min(case when is_sure = 1 then start_us end) over (
            order by start_us rows between current row and unbounded following
        ) - end_us as before_us
    from judged

),

believed as (

    select
        min(start_us) as first_us,
        max(end_us) + {{ day_us }} as until_us
    from reached
    where
        is_sure = 1
        or (
            is_later
            and after_us <= {{ year_us }}
            and (has_server_clock = 1 or (support >= 2 and 10 * support >= num_typical))
        )
        or (
            not is_later
            and start_us >= {{ snowplow_us }}
            and before_us <= {{ year_us }}
            and support >= 2
        )

)
{%- endmacro %}
