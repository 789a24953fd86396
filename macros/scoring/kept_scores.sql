{#- SQL: the scores that stay as they were published, because their version scores no longer
    and no other has passed (`standing` is kept). Only subjects who would still be scored are
    in it. Empty if there are none. Columns as in the model's YAML. -#}
{% macro kept_scores() %}
    {% set versions = ref("propensity_versions") %}
    {% set subjects = {"daily": ref("visitors_to_score"), "first_touch": ref("people_to_score")} %}
    {% if not execute %} {{ return("") }} {% endif %}
    {% set published = load_relation(this) %}
    {% if published is none or load_relation(versions) is none %} {{ return("") }} {% endif %}
    {% set kept = run_query(
        "select model_name, version from " ~ versions ~ " where standing = 'kept'"
    ).rows %}
    {% set specs = [] %}
    {% for spec in propensity_model_specs()
        if spec.base in subjects and spec.model_name in kept | map("first") %}
        {% do specs.append(spec) %}
    {% endfor %}
    {% if not specs %} {{ return("") }} {% endif %}
    {% set names = column_names_of(published) %}
    {% set given = {"is_used": "true", "is_open": "subjects.is_open"} %}
    {% set sql %}
    select
        {%- for name in model.columns %}
        {{ given.get(name, "published." ~ name if name in names else "null") }} as {{ name }}
        {{- "," if not loop.last }}
        {%- endfor %}
    from {{ published }} as published
    inner join {{ versions }} as versions
        on
            published.model_name = versions.model_name
            and published.version = versions.version
            and versions.standing = 'kept'
    inner join (
        {%- for spec in specs %}
        {{ "union all" if not loop.first }}
        select
            '{{ spec.model_name }}' as model_name,
            {{ spec.subject_column }} as subject_id,
            is_open__{{ spec.model_name }} as is_open
        from {{ subjects[spec.base] }}
        {{ "where is_open__" ~ spec.model_name if spec.kind == "churn" }}
        {%- endfor %}
    ) as subjects
        on
            published.model_name = subjects.model_name
            and published.subject_id = subjects.subject_id
    {%- endset %}
    {{ return(sql) }}
{% endmacro %}
