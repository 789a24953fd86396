{#- How a model can be judged, the strictest first. The first that leaves enough subjects of
    either outcome in every fold is taken (trn_readiness.split).

    people_and_time  other people and later time: the column fold
    time             later time by all people: the latest rows, at least the share of
                     fold_periods of all rows and of the time they cover, and what comes more
                     than a horizon before them
    people           other people of the same time: the column subject_fold

    The last two have no calibrate fold: calibration is cross-fitted by subject. -#}
{% macro split_names() %}
    {{ return(["people_and_time", "time", "people"]) }}
{% endmacro %}

{#- SQL: the fold that a row of training_rows_by_model() has under a split; null: none. -#}
{% macro fold_under_split(split, row, cut) %}
    {% if split == "people_and_time" %} {{ return(row ~ ".fold") }} {% endif %}
    {% if split == "people" %}
        {{ return("case when " ~ row ~ ".subject_fold = 'test' then 'test' else 'train' end") }}
    {% endif %}
    {% set sql -%}
    case
        when {{ row }}.moment_us < {{ cut }}.train_until_us then 'train'
        when {{ row }}.moment_us >= {{ cut }}.test_from_us then 'test'
    end
    {%- endset %}
    {{ return(sql) }}
{% endmacro %}

{#- The rows of every model once for each split, with the fold they have there. -#}
{% macro rows_by_split(training_rows, cuts) %}
    {%- for split in split_names() %}
    {{ "union all" if not loop.first }}
    select
        {{ training_rows }}.model_name,
        '{{ split }}' as split,
        {{ training_rows }}.subject_id,
        {{ training_rows }}.happened,
        {{ fold_under_split(split, training_rows, cuts) }} as fold
    from {{ training_rows }}
    inner join {{ cuts }} on {{ training_rows }}.model_name = {{ cuts }}.model_name
    {%- endfor %}
{% endmacro %}

{#- One row per model, split and fold: how many subjects of either outcome it asks for. The
    strictest split asks for more, because a fifth of the subjects in a fifth of the time is 4
    % of the rows. If a subject is one row (`outcomes_overlap`), it is a fifth. -#}
{% macro folds_asked() %}
    {% set least = var("min_converting_subjects") %}
    {% set folds = {"people_and_time": ["train", "calibrate", "test"]} %}
    {% set rows = [] %}
    {% for spec in propensity_model_specs() %}
        {% for split in split_names() %}
            {% set place = loop.index %}
            {% for fold in folds.get(split, ["train", "test"]) %}
                {% set is_small = split == "people_and_time" and not spec.outcomes_overlap %}
                {% set asked = least if fold == "train" or is_small else [least, 5] | min %}
                {% set row -%}
    select
        '{{ spec.model_name }}' as model_name,
        '{{ split }}' as split,
        {{ place }} as place,
        '{{ fold }}' as fold,
        {{ asked }} as n_asked
                {%- endset %}
                {% do rows.append(row) %}
            {% endfor %}
        {% endfor %}
    {% endfor %}
    {{ return(rows | join("\n    union all\n    ")) }}
{% endmacro %}

{#- One row per model: from when on a row judges under the split of time, and until when a row
    teaches. -#}
{% macro cuts_in_time(training_rows) %}
    {%- set share = (var("fold_periods")[2] * 1000) | round | int %}
    select
        model_name,
        min(moment_us) as test_from_us,
        min(moment_us) - min(embargo_us) as train_until_us
    from (
        select
            model_name,
            moment_us,
            embargo_us,
            max(moment_us) over (partition by model_name) as last_us,
            min(moment_us) over (partition by model_name) as first_us,
            sum(n_rows) over (partition by model_name) as n_rows,
            sum(n_rows) over (
                partition by model_name order by moment_us
                rows between unbounded preceding and current row
            ) as n_until
        from (
            select
                model_name,
                moment_us,
                embargo_us,
                count(*) as n_rows
            from {{ training_rows }}
            group by
                model_name,
                moment_us,
                embargo_us
        ) as moments
    ) as placed
    where
        (n_rows - n_until) * 1000 < n_rows * {{ share }}
        or (last_us - moment_us) * 1000 <= (last_us - first_us) * {{ share }}
    group by model_name
{% endmacro %}

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
