{#- SQL: why kept scores are compared with nothing. -#}
{% macro unlabelled_reason() -%}
case
            when history.outcome_hash is null then 'kept before definitions were'
            when models.model_name is null then 'the model is not configured any more'
            else 'what the model predicts was redefined'
        end
{%- endmacro %}

{#- After a run that looked for outcomes: how many kept scores have none to wait for. -#}
{% macro log_unlabelled() %}
    {% set unlabelled = graph.nodes["model.cdp.mon_unlabelled_scores"].relation_name %}
    {% for model_name, reason, number in run_query(
        "select model_name, reason, sum(num_scores) from " ~ unlabelled
        ~ " group by model_name, reason order by model_name, reason"
    ).rows %}
        {{ log(
            "Monitoring: " ~ number | int ~ " kept scores of " ~ model_name
            ~ " are compared with no outcome: " ~ reason ~ ".", info=true
        ) }}
    {% endfor %}
{% endmacro %}
