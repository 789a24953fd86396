{#- Is the subject in the sample that one machine trains on? -#}
{% macro is_in_sample() %}
    {{ return(adapter.dispatch("is_in_sample", "cdp")()) }}
{% endmacro %}

{% macro default__is_in_sample() %}
    {% if var("distributed_training") %}
        {{ exceptions.raise_compiler_error(
            "var distributed_training: only Spark fits on its workers, which this target is not; "
            ~ "set it to false. max_training_rows says how large a sample is trained on."
        ) }}
    {% endif %}
    {{ return("subjects.place * sizes.n_rows <= subjects.n_subjects * " ~ var("max_training_rows")) }}
{% endmacro %}

{% macro databricks__is_in_sample() %}
    {{ return("true" if var("distributed_training") else default__is_in_sample()) }}
{% endmacro %}
