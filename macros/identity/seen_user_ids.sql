{#- Each user_id seen with each visitor, and when last: of modelled user mapping or sessions,
    else of events. Where sessions name a person whom they stitched, that is the user_id. -#}
{% macro seen_user_ids() %}
    {% set mapping = modelled_table("user_mapping") %}
    {% set sessions = modelled_table("sessions") %}
    {% if not mapping and not sessions %} {{ return("select * from " ~ ref("web_user_mapping")) }} {% endif %}
    {% set table = mapping or sessions %}
    {% set visitor = known_id(modelled_column(table, "domain_userid", "text", "user_identifier")) %}
    {% set user = modelled_column(table, "user_id", "text") %}
    {% if not mapping %}
        {% set person = modelled_column(sessions, "stitched_user_id", "text") %}
        {% set stitched = known_id("nullif(" ~ person ~ ", " ~ visitor ~ ")") %}
        {% set user = "coalesce(" ~ stitched ~ ", " ~ user ~ ")" %}
    {% endif %}
    {% set rows %}
    select
        domain_userid,
        user_id,
        max(end_tstamp) as end_tstamp,
        max(end_tstamp) as event_tstamp,
        max(session_id) as last_id
    from (
        select
            {{ visitor }} as domain_userid,
            {{ known_id(user) }} as user_id,
            {{ modelled_column(table, "end_tstamp", "timestamp") }} as end_tstamp,
            {{ modelled_column(table, "domain_sessionid", "text", "session_identifier") }}
                as session_id
        from {{ table.relation }}
    ) as seen
    where
        domain_userid is not null
        and user_id is not null
        {%- if var("as_of") %}
        and coalesce(end_tstamp < {{ as_of_literal() }}, true)
        {%- endif %}
    group by domain_userid, user_id
    {%- endset %}
    {{ return(rows) }}
{% endmacro %}
