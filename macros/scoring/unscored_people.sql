{#- CTE `unscored`, one row: for each model that the build scores, the people it would score
    whose score is missing (num_without__<model>) or of before its features changed
    (num_kept__<model>), since its champion belongs to another definition. -#}
{% macro unscored_people(specs) -%}
standings as (

    select
        model_name,
        case
            when count(case when standing in ('champion', 'kept') then 1 end) = 0
                then count(case when standing = 'retired' and decision = 'champion' then 1 end)
            else 0
        end > 0 as is_retired
    from {{ ref("propensity_versions") }}
    group by model_name

),

kept as (

    select
        scores.model_name,
        scores.subject_id
    from {{ ref("propensity_scores") }} as scores
    inner join {{ ref("propensity_versions") }} as versions
        on scores.model_name = versions.model_name and scores.version = versions.version
    where versions.standing = 'kept' and scores.is_open

),

persons as (

    select
        domain_userid,
        user_id
    from {{ ref("stg_snowplow__user_mapping") }}

),

unscored as (

    select
        {%- for spec in specs %}
        (
            select count(distinct {{ person_of_subject(spec, "subjects." ~ spec.subject_column) }})
            from {{ ref(subjects_to_score(spec)) }} as subjects
            {{ join_persons(spec, "subjects." ~ spec.subject_column) }}
            inner join standings
                on standings.model_name = '{{ spec.model_name }}' and standings.is_retired
            where subjects.is_open__{{ spec.model_name }}
        ) as num_without__{{ spec.model_name }},
        (
            select count(distinct {{ person_of_subject(spec, "kept.subject_id") }})
            from kept
            {{ join_persons(spec, "kept.subject_id") }}
            where kept.model_name = '{{ spec.model_name }}'
        ) as num_kept__{{ spec.model_name }}{{ "," if not loop.last }}
        {%- endfor %}

),
{%- endmacro %}

{% macro subjects_to_score(spec) %}
    {{ return("people_to_score" if spec.base == "first_touch" else "visitors_to_score") }}
{% endmacro %}

{% macro person_of_subject(spec, subject) %}
    {{ return(
        subject if spec.base == "first_touch" else "coalesce(persons.user_id, " ~ subject ~ ")"
    ) }}
{% endmacro %}

{% macro join_persons(spec, subject) %}
    {{ return(
        "" if spec.base == "first_touch"
        else "left join persons on " ~ subject ~ " = persons.domain_userid"
    ) }}
{% endmacro %}
