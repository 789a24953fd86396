{#- CTE `engaged`, where a conversion asks for it: page pings with the seconds for which their
    page view had engaged its visitor by then, as the web tables count them: a heartbeat for
    each one in which a ping was sent but the first, and min_visit_length for that. -#}
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

{#- CTE `page_views`, where a conversion can be told by them: they stand in for events where
    there are only modelled web tables. -#}
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
