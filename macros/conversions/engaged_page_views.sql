{#- CTE `engaged`, if a conversion asks for engaged_time_in_s: page pings, each with the
    seconds that its page view had lasted by then. Seconds are counted as in the web tables:
    min_visit_length for the first heartbeat in which a ping was sent, and `heartbeat` for each
    further one. -#}
{% macro engaged_page_views(events) %}
{%- if conversions() | selectattr("source", "equalto", "page_views") | list %}
pings as (

    select
        *,
        case
            when
                row_number() over (
                    partition by
                        domain_userid,
                        page_view_id,
                        {{ heartbeat_of_ping(
                            "coalesce(dvce_created_tstamp, derived_tstamp, event_tstamp)"
                        ) }}
                    order by event_tstamp, event_id
                ) = 1
                then 1
            else 0
        end as begins_heartbeat
    from {{ events }}
    where event_name = 'page_ping' and page_view_id is not null

),

counted as (

    select
        *,
        sum(begins_heartbeat) over (
            partition by domain_userid, page_view_id
            order by event_tstamp, event_id
            rows between unbounded preceding and current row
        ) as num_heartbeats
    from pings

),

engaged as (

    select
        *,
        {{ engaged_seconds("num_heartbeats") }} as engaged_time_in_s
    from counted

),
{%- endif %}
{% endmacro %}

{#- CTE `page_views`, if page views can show a conversion: they stand in for events if there
    are only modelled web tables. -#}
{% macro lone_page_views() %}
{%- set page_views = ref("stg_snowplow__page_views") -%}
{%- set told = [] -%}
{%- for conversion in conversions() if is_told_by_page_views(conversion) -%}
    {%- do told.append(conversion.name) -%}
{%- endfor -%}
{%- if told -%}
page_views as (

    select * from {{ page_views }}
    where (select count(*) from {{ ref("stg_snowplow__events") }}) = 0

),
{%- endif -%}
{% endmacro %}
