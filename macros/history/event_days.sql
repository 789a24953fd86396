{#- What the events of each day are, so that a table made from them can tell later which of
    them changed: stg_snowplow__events__days, made with stg_snowplow__events by its hooks.
    One row per day of event_tstamp and part of the visitors: how many events, and a hash of
    all that features read of them. -#}
{% macro event_days_sql(events) %}
    select
        {{ visitor_bucket("domain_userid") }} as visitor_bucket,
        {{ midnight_us(epoch_us("event_tstamp")) }} as day_us,
        count(*) as num_events,
        {{ rows_hash(event_columns_of_features()) }} as events_hash
    from (
    {{ subject_events(events) }}
    ) as subject_events
    group by
        {{ visitor_bucket("domain_userid") }},
        {{ midnight_us(epoch_us("event_tstamp")) }}
{% endmacro %}

{#- Visitors in 256 parts: 00 to ff. -#}
{% macro visitor_bucket(visitor) %} {{ return(hash_bucket(visitor, 2)) }} {% endmacro %}

{#- The midnight before, of moments before 1970 too. -#}
{% macro midnight_us(us) %}
    {{ return(
        "cast(" ~ us ~ " - mod(mod(" ~ us ~ ", 86400000000) + 86400000000, 86400000000) as bigint)"
    ) }}
{% endmacro %}

{#- The columns of stg_snowplow__events that the feature tables are made from: what events
    are, and each property that a definition, or the conversion it counts, names. -#}
{% macro event_columns_of_features() %}
    {% set columns = ["event_id", "domain_userid", "event_tstamp", "event_name"] %}
    {% set facts = [] %}
    {% for column in visitor_feature_definitions().values() %}
        {% set definition = column.meta.feature %}
        {% do facts.append([definition, conversions_of_feature(definition)]) %}
    {% endfor %}
    {% set known = staged_event_columns() %}
    {% for text in modules.re.findall('"property": ("(?:[^"\\\\]|\\\\.)*")', tojson(facts)) %}
        {% set name = fromjson(text) %}
        {% set column = entity_column(name) if name.count(".") == 1 else name %}
        {% if column in known and column not in columns %} {% do columns.append(column) %} {% endif %}
    {% endfor %}
    {{ return(columns) }}
{% endmacro %}

{% macro event_days_relation(events) %}
    {{ return(events.incorporate(path={"identifier": events.identifier ~ "__days"})) }}
{% endmacro %}

{#- Where to read them: the table; or the events, if a run stopped before it was made. -#}
{% macro event_days(events) %}
    {% set days = load_relation(event_days_relation(events)) %}
    {{ return(days if days is not none else "(" ~ event_days_sql(events) ~ ")") }}
{% endmacro %}

{#- Pre-hook of stg_snowplow__events: never days of other events than those that are there. -#}
{% macro forget_event_days() %}
    {% do drop_relation_if_exists(load_relation(event_days_relation(this))) %}
{% endmacro %}

{#- Post-hook of stg_snowplow__events. -#}
{% macro keep_event_days() %}
    {% if execute %} {{ replace_table(event_days_relation(this), event_days_sql(this)) }} {% endif %}
{% endmacro %}

{#- SQL that makes a table beside a model's own, and lets the rest of this run know of it. -#}
{% macro replace_table(relation, sql) %}
    {#- dbt_created: its name is compared in any case, as Snowflake makes it upper case -#}
    {% set made = relation.incorporate(type="table", dbt_created=true) %}
    {% if load_relation(relation) is none %} {% do adapter.cache_added(made) %} {% endif %}
    create or replace table {{ made }} as
    {{ sql }}
{% endmacro %}
