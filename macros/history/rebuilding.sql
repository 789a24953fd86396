{#- First pre-hook of a feature table: what the second deletes is no longer remembered. -#}
{% macro mark_what_is_rebuilt() %}
    {% set changes, memory = changes_since_built(), load_relation(built_from_relation()) %}
    {% if execute and changes is none %}
        {{ log_unknown_history() }}
        {{ "delete from " ~ memory if memory is not none }}
    {% elif execute %}
        {% set marks = ["('*', " ~ changes.rest_us ~ ")"] %}
        {% for bucket in changes.buckets %}
            {% do marks.append("('" ~ bucket ~ "', " ~ changes.from_us ~ ")") %}
        {% endfor %}
        insert into {{ memory }} (visitor_bucket, day_us) values {{ marks | join(", ") }}
    {% endif %}
{% endmacro %}

{#- Second: the rows that this run writes again, and any that lie after as_of. -#}
{% macro forget_rebuilt_moments() %}
    {% set changes = changes_since_built() %}
    {% if changes is not none %}
        {{ log_changes(changes) }}
        delete from {{ this }}
        where {{ is_rebuilt(changes, "as_of_tstamp", "domain_userid") }}
    {% endif %}
{% endmacro %}

{#- Post-hook: from now on the table is known to be made from these events. -#}
{% macro remember_what_was_built() %}
    {% if execute %}
        {% set sql %}
            select
                visitor_bucket,
                day_us,
                num_events,
                events_hash,
                (select count(*) from {{ this }}) as num_rows
            from {{ event_days(ref("stg_snowplow__events")) }} as known
        {% endset %}
        {{ replace_table(built_from_relation(), sql) }}
    {% endif %}
{% endmacro %}

{#- One line in the log if more is built than the current day and what may arrive late. -#}
{% macro log_changes(changes) %}
    {% if changes.from_us < changes.newest_us - longest_lateness_us() - 86400000000 and changes.days %}
        {% set day = utc_text(changes.from_us, "%Y-%m-%d") %}
        {% do log(
            this.identifier ~ ": " ~ (
                "1 day of events" if changes.days == 1 else changes.days ~ " days of events"
            ) ~ " changed since the last build, from " ~ day ~ " on: features are built again "
            ~ "from there" ~ (
                " for " ~ changes.buckets | length ~ " of 256 parts of the visitors"
                if changes.from_us < changes.rest_us
            ) ~ ".", info=true,
        ) %}
    {% endif %}
{% endmacro %}

{#- One line in the log if a table is built anew and nobody asked for it. -#}
{% macro log_unknown_history() %}
    {% if load_relation(this) is not none and not flags.FULL_REFRESH %}
        {% set why = unknown_history() or "its definitions are others, or its events are at another place" %}
        {% do log(this.identifier ~ ": built anew, as " ~ why ~ ".", info=true) %}
    {% endif %}
{% endmacro %}
