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

{#- SQL: the fold that a row of a training table has under a split; null: none. `row` is its
    alias, `moment` when it is, and rows from `test_from` on judge those before `train_until`. -#}
{% macro fold_under_split(split, row, moment, train_until, test_from) %}
    {% if split == "people_and_time" %} {{ return(row ~ ".fold") }} {% endif %}
    {% if split == "people" %}
        {{ return("case when " ~ row ~ ".subject_fold = 'test' then 'test' else 'train' end") }}
    {% endif %}
    {% set sql -%}
    case
        when {{ moment }} < {{ train_until }} then 'train'
        when {{ moment }} >= {{ test_from }} then 'test'
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
        {{ fold_under_split(
            split, training_rows, training_rows ~ ".moment_us",
            cuts ~ ".train_until_us", cuts ~ ".test_from_us",
        ) }} as fold
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
