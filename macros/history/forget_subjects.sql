{#- Removes people and visitors from the tables that are only ever added to: the history of
    scores, and those that matured. Other tables drop them at the next build, once the
    events are gone. Ids are domain_userids, and user_ids where people were scored.

    dbt run-operation forget_subjects --args '{subject_ids: [a1b2, c3d4]}' -#}
{% macro forget_subjects(subject_ids) %}
    {% if not execute %} {{ return("") }} {% endif %}
    {% if not is_text_list(subject_ids) or not subject_ids %}
        {{ exceptions.raise_compiler_error(
            "forget_subjects: `subject_ids` takes a list of ids, each a text, e.g. "
            ~ "--args '{subject_ids: [a1b2, c3d4]}'."
        ) }}
    {% endif %}
    {% for model in ["propensity_score_history", "mon_matured_scores"] %}
        {% set table = load_relation(ref(model)) %}
        {% if table is none %}
            {{ log(model ~ ": it is not there yet.", info=true) }}
        {% else %}
            {% set theirs = "from " ~ table ~ " where subject_id in ("
                ~ text_literals(subject_ids) ~ ")" %}
            {% set count = run_query("select count(*) as num_rows " ~ theirs).rows[0][0] %}
            {% call statement("forget_subjects", auto_begin=true) %} delete {{ theirs }} {% endcall %}
            {% do adapter.commit() %}
            {{ log(model ~ ": " ~ count ~ " rows removed.", info=true) }}
        {% endif %}
    {% endfor %}
    {{ return("") }}
{% endmacro %}
