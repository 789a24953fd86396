{#- Spark reads a timestamp without zone in the session's time zone, and does not say so. In
    any zone but UTC, events and outcomes would be hours off, so the run stops. -#}
{% macro check_time_zone() %}
    {% if execute and flags.WHICH in ["build", "run", "test"] %}
        {% do adapter.dispatch("check_time_zone", "cdp")() %}
    {% endif %}
    {{ return("") }}
{% endmacro %}

{% macro default__check_time_zone() %} {{ not_written("check_time_zone") }} {% endmacro %}

{#- These two are told UTC wherever a value has a zone (typed_column). -#}
{% macro duckdb__check_time_zone() %}{% endmacro %}

{% macro snowflake__check_time_zone() %}{% endmacro %}

{% macro spark__check_time_zone() %}
    {% set zone = run_query("select current_timezone() as time_zone").rows[0][0] %}
    {% if zone not in ["UTC", "Etc/UTC", "+00:00"] %}
        {{ exceptions.raise_compiler_error(
            "The time zone of this session is " ~ zone ~ ", and this project needs UTC. Put "
            ~ "`session_properties: {timezone: UTC}` into this target of profiles.yml; where there "
            ~ "is no profiles.yml, have an administrator take TIMEZONE " ~ zone ~ " out of the "
            ~ "configuration of the SQL warehouses."
        ) }}
    {% endif %}
{% endmacro %}
