{#- SQL: why a version scores no longer; null if it does, or if the gate's decision says why. -#}
{% macro standing_reason() -%}
case
            when standing not in ('retired', 'kept') then {{ text_null() }}
            when outcome_hash is null
                then 'It was registered before definitions were, so that nobody can tell '
                    || 'whether it predicts what ' || model_name || ' is asked now.'
            when not predicts_the_same
                then 'What ' || model_name || ' predicts was redefined after this version '
                    || 'was trained.'
            else
                cast(num_changed_features as {{ dbt.type_string() }}) || ' of the '
                || cast(num_features as {{ dbt.type_string() }}) || ' features it reads '
                || 'are defined otherwise now, or gone.'
        end
{%- endmacro %}
