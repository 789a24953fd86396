{%- set described = ["platform", "app_id", "device_class", "operating_system_name"] -%}

with sessions as (

    select * from {{ ref("stg_snowplow__sessions") }}
    where domain_userid is not null

),

placed as {{ not_materialized() }} (

    select
        *,
        row_number() over (
            partition by domain_userid
            order by start_tstamp, end_tstamp, domain_sessionid
        ) as place,
        row_number() over (
            partition by domain_userid
            order by end_tstamp desc, start_tstamp desc, domain_sessionid desc
        ) as place_from_end
    from sessions

),

totals as (

    select
        domain_userid,
        min(start_tstamp) as start_tstamp,
        max(end_tstamp) as end_tstamp,
        sum(page_views) as page_views,
        count(*) as sessions,
        sum(engaged_time_in_s) as engaged_time_in_s,
        sum(absolute_time_in_s) as absolute_time_in_s
    from sessions
    group by domain_userid

),

final as (

    select
        totals.domain_userid,
        firsts.user_id,
        firsts.network_userid,
        totals.start_tstamp,
        totals.end_tstamp,
        totals.page_views,
        totals.sessions,
        totals.engaged_time_in_s,
        totals.absolute_time_in_s,
        {% for name in page_columns() -%}
        firsts.first_{{ name }},
        {% endfor %}
        {%- for name in page_columns() -%}
        lasts.last_{{ name }},
        {% endfor %}
        {{ prefixed_column_list(
            "firsts", ["geo_country", "geo_city", "geo_region_name", "br_lang"], "first_"
        ) }},
        lasts.last_geo_country,
        lasts.last_geo_city,
        lasts.last_geo_region_name,
        lasts.last_br_lang,
        firsts.referrer,
        {{ prefixed_column_list("firsts", referrer_columns()) }},
        firsts.mkt_source_platform,
        {{ prefixed_column_list("firsts", described, "first_") }},
        {{ prefixed_column_list("lasts", described, "last_") }}
    from totals
    inner join placed as firsts
        on totals.domain_userid = firsts.domain_userid and firsts.place = 1
    inner join placed as lasts
        on totals.domain_userid = lasts.domain_userid and lasts.place_from_end = 1

)

select * from final
