{#- How many user_ids join nobody, since they are on too many visitors. Not which: they may be
    somebody's address. -#}
{% macro log_shared_user_ids() %}
    {% set shared = graph.nodes["model.cdp.stg_snowplow__shared_user_ids"].relation_name %}
    {% set row = run_query(
        "select count(*), coalesce(sum(num_visitors), 0) from " ~ shared
    ).rows[0] %}
    {% if row[0] %}
        {{ log(
            "Shared user_ids: " ~ row[0] ~ ", on " ~ row[1] ~ " visitors, join nobody, since each is on "
            ~ "more than " ~ var("max_visitors_per_user_id") ~ " (var max_visitors_per_user_id). They are in "
            ~ "stg_snowplow__shared_user_ids.", info=true
        ) }}
    {% endif %}
{% endmacro %}
