{#- The rows of a model with the folds that it is judged by: subject_id, as_of_tstamp, split,
    fold. Where it cannot be trained, those of the strictest split. -#}
{% macro judged_rows(spec) %}
        select
            training_rows.{{ spec.subject_column }} as subject_id,
            training_rows.as_of_tstamp,
            coalesce(readiness.split, 'people_and_time') as split,
            case coalesce(readiness.split, 'people_and_time')
                {%- for split in split_names() %}
                when '{{ split }}'
                    then {{ fold_under_split(
                        split, "training_rows", "training_rows.as_of_tstamp",
                        "readiness.train_until_tstamp", "readiness.test_from_tstamp",
                    ) }}
                {%- endfor %}
            end as fold
        from {{ ref(spec.training_table) }} as training_rows
        inner join {{ ref("trn_readiness") }} as readiness
            on readiness.model_name = '{{ spec.model_name }}'
        where training_rows.{{ spec.target_column }} is not null
{% endmacro %}
