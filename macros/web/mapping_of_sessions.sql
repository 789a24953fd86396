{#- Who visitors turned out to be, by modelled sessions: the person of the last session that
    names one, stitched or logged in. -#}
{% macro mapping_of_sessions(sessions) %}
    {% set visitor = modelled_column(sessions, "domain_userid", "text", "user_identifier") %}
    {% set person = modelled_column(sessions, "stitched_user_id", "text") %}
    {% set last = "partition by domain_userid order by end_tstamp desc, domain_sessionid desc" %}
    select
        domain_userid,
        user_id,
        end_tstamp
    from (
        select
            *,
            row_number() over ({{ last }}) as place
        from (
            select
                {{ visitor }} as domain_userid,
                {{ modelled_column(sessions, "domain_sessionid", "text", "session_identifier") }}
                    as domain_sessionid,
                coalesce(
                    nullif({{ person }}, {{ visitor }}),
                    {{ modelled_column(sessions, "user_id", "text") }}
                ) as user_id,
                {{ modelled_column(sessions, "end_tstamp", "timestamp") }} as end_tstamp
            from {{ sessions.relation }}
        ) as named
        where
            domain_userid is not null
            and user_id is not null
            {%- if var("as_of") %}
            and end_tstamp < {{ as_of_literal() }}
            {%- endif %}
    ) as placed
    where place = 1
{% endmacro %}
