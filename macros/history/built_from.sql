{#- What a feature table remembers of the events it was made from, in the table <its
    name>__built_from beside it: the rows of stg_snowplow__events__days at that time, and how
    many rows the feature table had. The first pre-hook marks there what is about to be deleted
    (num_events is null). The post-hook writes the table anew. If a run stops in between, the
    next one builds what is marked. -#}
{% macro built_from_relation() %}
    {{ return(this.incorporate(path={"identifier": this.identifier ~ "__built_from"})) }}
{% endmacro %}

{#- Why an incremental table cannot be added to, in words; none: it can. -#}
{% macro unknown_history() %}
    {% set memory = load_relation(built_from_relation()) %}
    {% if memory is none %} {{ return("it is not known which events it was built from") }} {% endif %}
    {% set asked %}
        select
            (select count(*) from {{ this }}) as num_rows,
            (select max(num_rows) from {{ memory }}) as num_rows_built,
            (select count(*) from {{ memory }}) as num_days,
            (select count(*) from {{ memory }} where num_events is null) as num_marks
    {% endset %}
    {% set rows, built, days, marks = run_query(asked).rows[0].values() %}
    {% if not rows %}
        {{ return("it is empty") }}
    {% elif not days %}
        {{ return("a run before was stopped") }}
    {% elif not marks and (built is none or rows != built) %}
        {{ return("it has other rows than were built") }}
    {% endif %}
    {{ return(none) }}
{% endmacro %}

{#- What an incremental run builds again, as {from_us, rest_us, buckets, days, newest_us}: of
    visitors in `buckets` all from `from_us` on, of the others from `rest_us`. None: the table
    is built anew. Everything from the earliest day on whose events are not what the table was
    built from, as features look at the past only; and from the newest moment built, or as_of
    where that was moved back. At most a quarter of the buckets are built from an earlier day
    than the others. Taken from tables, never from the clock. -#}
{% macro changes_since_built() %}
    {% set as_of, events = ref("as_of"), ref("stg_snowplow__events") %}
    {% if not execute or not is_incremental() %} {{ return(none) }} {% endif %}
    {% set memory = built_from_relation() %}
    {% set changed %}
        with known as (

            select * from {{ event_days(events) }}

        ),

        changed as (

            select
                coalesce(known.visitor_bucket, built.visitor_bucket) as visitor_bucket,
                coalesce(known.day_us, built.day_us) as day_us
            from known
            full outer join {{ memory }} as built
                on
                    known.visitor_bucket = built.visitor_bucket
                    and known.day_us = built.day_us
            where
                coalesce(known.num_events, -1) <> coalesce(built.num_events, -1)
                or coalesce(known.events_hash, '') <> coalesce(built.events_hash, '')
                -- a mark
                or built.day_us is not null and built.num_events is null

        )

        select
            visitor_bucket,
            min(day_us) as from_us,
            (select count(distinct day_us) from changed where day_us < (
                select max(day_us) from {{ memory }}
            )) as num_days
        from changed
        group by visitor_bucket
        order by from_us, visitor_bucket
    {% endset %}
    {% set newest %}
        select
            (select max({{ midnight_us(epoch_us("as_of_tstamp")) }}) from {{ this }}) as built_us,
            (select max({{ epoch_us("as_of_tstamp") }}) from {{ as_of }}) as as_of_us
    {% endset %}
    {% set built_us, as_of_us = run_query(newest).rows[0].values() %}
    {% set newest_us = [built_us, built_us if as_of_us is none else as_of_us] | map("int") | min %}
    {% set rest, earlier, days = [newest_us], [], [0] %}
    {% for row in run_query(changed).rows %}
        {% do days.append(row[2] | int) %}
        {#- `*` marks all visitors -#}
        {% if row[0] == "*" or earlier | length == 64 %}
            {% do rest.append(row[1] | int) %}
        {% elif row[1] | int < newest_us %}
            {% do earlier.append({"bucket": row[0], "from_us": row[1] | int}) %}
        {% endif %}
    {% endfor %}
    {% set rest_us = rest | min %}
    {% set apart = earlier | selectattr("from_us", "lt", rest_us) | list %}
    {{ return({
        "from_us": apart[0].from_us if apart else rest_us,
        "rest_us": rest_us,
        "buckets": apart | map(attribute="bucket") | list,
        "newest_us": newest_us,
        "days": days | last,
    }) }}
{% endmacro %}

{#- SQL: is this moment of this visitor built by this run? `back_us` before the moments that
    are: are its events read? -#}
{% macro is_rebuilt(changes, moment, visitor, back_us=0) %}
    {% set everyone = moment ~ " >= " ~ timestamp_us(changes.rest_us - back_us) %}
    {% if not changes.buckets %} {{ return(everyone) }} {% endif %}
    {% set sql -%}
    {{ moment }} >= {{ timestamp_us(changes.from_us - back_us) }}
    and (
        {{ everyone }}
        or {{ visitor_bucket(visitor) }} in ({{ text_literals(changes.buckets) }})
    )
    {%- endset %}
    {{ return(sql) }}
{% endmacro %}

{#- SQL: the events that rows built by this run are made from; none: all. -#}
{% macro events_read(definitions, changes) %}
    {% if changes is none %} {{ return(none) }} {% endif %}
    {% set since_us = history_from_us(definitions, changes.from_us) %}
    {% if since_us is none %} {{ return(none) }} {% endif %}
    {{ return(is_rebuilt(
        changes, "event_tstamp", "domain_userid", back_us=changes.from_us - since_us
    )) }}
{% endmacro %}
