{#- A test of a feature table: rows that know of something that came after their moment.

    Of a sample of rows, by hash and at most two a subject, the features are computed again
    from a copy of the subject's events that ends just before the moment: whatever read
    beyond it cannot come out the same. Sampled are rows whose subject has later events.
    Rows that this run has built must agree; older ones may lack events that were loaded
    since, so that they are held to not counting more than there was.

    Columns that describe the moment's own event are left out where `skip_own`. -#}
{% macro features_after_the_moment(table, relation, skip_own=false, num_rows=200) %}
{%- set definitions = definitions_to_recompute(table, skip_own) -%}
{%- set key = "domain_userid || '|' || cast(us as " ~ dbt.type_string() ~ ")" -%}

with stored as (

    select
        *,
        {{ epoch_us("as_of_tstamp") }} as us
    from {{ relation }}

),

known_events as (

    {{ subject_events(ref("stg_snowplow__events")) }}

),

subjects as (

    select
        domain_userid,
        max(event_tstamp) as last_event_tstamp
    from known_events
    group by domain_userid

),

as_of as (

    select {{ epoch_us("as_of_tstamp") }} as as_of_us from {{ ref("as_of") }}

),

eligible as (

    select
        stored.*,
        md5('leak' || {{ "stored." ~ key | replace("(us", "(stored.us") }}) as place,
        stored.us >= as_of.as_of_us - {{ longest_lateness_us() }} as is_of_this_run
    from stored
    inner join subjects on stored.domain_userid = subjects.domain_userid
    cross join as_of
    where subjects.last_event_tstamp >= stored.as_of_tstamp

),

of_subjects as (

    select
        *,
        row_number() over (
            partition by domain_userid, is_of_this_run order by place, us
        ) as number_of_subject
    from eligible

),

numbered as (

    select
        *,
        row_number() over (
            partition by is_of_this_run order by place, us
        ) as number_of_sample
    from of_subjects
    where number_of_subject = 1

),

sampled as (

    select
        *,
        {{ key }} as copy_id
    from numbered
    where number_of_sample <= {{ num_rows }}

),

-- Each sampled moment has a subject of its own, whose events end before it.
events as (

    select
        {%- for name in staged_event_columns() %}
        {{ "sampled.copy_id as domain_userid" if name == "domain_userid"
            else "known_events." ~ name }}{{ "," if not loop.last }}
        {%- endfor %}
    from sampled
    inner join known_events
        on
            sampled.domain_userid = known_events.domain_userid
            and known_events.event_tstamp < sampled.as_of_tstamp

),

moments as (

    select distinct
        copy_id as domain_userid,
        as_of_tstamp
    from sampled

),

computed as (

    {{ point_in_time_features(definitions, events="events", moments="moments") }}

),

compared as (

    select
        sampled.domain_userid,
        sampled.as_of_tstamp,
        {% for name, definition in definitions.items() -%}
        {{ feature_difference(name, definition) }}
        {{- " ||" if not loop.last }}
        {% endfor %} as differences
    from sampled
    inner join computed on sampled.copy_id = computed.domain_userid

)

select
    '{{ table }}' as table_name,
    domain_userid,
    as_of_tstamp,
    '{{ table }} of ' || domain_userid || ' at '
    || cast(as_of_tstamp as {{ dbt.type_string() }}) || ': ' || differences as message
from compared
where differences <> ''
{%- endmacro %}
