{#- SQL of trn_readiness: why a model is not judged more strictly; `strictest` if it is. -#}
{% macro split_code() -%}
case
            when chosen.split = 'people_and_time' then 'strictest'
            when strictest.lacking_fold is null then 'few_subjects'
            else 'few_of_one_outcome'
        end
{%- endmacro %}

{#- SQL of trn_readiness: what split and code say, with the figures. -#}
{% macro split_reason() %}
    {%- set text = dbt.type_string() -%}
    case split
            when 'people_and_time'
                then 'Judged on other people and later time than it learns from.'
            when 'time'
                then
                    'Judged on later time than it learns from, whoever the people are: the '
                    || 'strictest split would leave'
            when 'people'
                then
                    'Judged on other people of the same time only, which is optimistic: the '
                    || 'strictest split would leave'
        end
        || case split_code
            when 'strictest' then ''
            when 'few_subjects'
                then
                    ' ' || cast(strictest_n_subjects as {{ text }})
                    || ' subjects, where {{ var("min_training_subjects") }} are asked for '
                    || '(var min_training_subjects).'
            when 'few_of_one_outcome'
                then
                    ' the ' || strictest_lacking_fold || ' fold '
                    || cast(strictest_lacking_converting as {{ text }})
                    || ' subjects that convert and '
                    || cast(strictest_lacking_other as {{ text }})
                    || ' that do not, where ' || cast(strictest_lacking_asked as {{ text }})
                    || ' of each are asked for (var min_converting_subjects).'
        end
{%- endmacro %}
