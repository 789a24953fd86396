{#- The moment (microseconds) from which an incremental run rebuilds a feature table; none:
    all of it, as where it is empty after a run that was stopped. What was built last, as of then, may lack events that arrived since: they lie
    at most `late_arrival_allowance` (or `arrival_tolerance`) before it. Taken from the
    table and from as_of, never from the clock. -#}
{% macro rebuild_from_us() %}
    {% set as_of = ref("as_of") %}
    {% if not execute or not is_incremental() %} {{ return(none) }} {% endif %}
    {% set newest %}
        select
            (select max({{ epoch_us("as_of_tstamp") }}) from {{ this }}) as built_us,
            (select max({{ epoch_us("as_of_tstamp") }}) from {{ as_of }}) as as_of_us
    {% endset %}
    {% set built_us, as_of_us = run_query(newest).rows[0].values() %}
    {% if built_us is none %} {{ return(none) }} {% endif %}
    {% set us = [built_us, built_us if as_of_us is none else as_of_us] | map("int") | min %}
    {{ return(us - [
        iso_duration_us(var("late_arrival_allowance")), iso_duration_us(var("arrival_tolerance")),
    ] | max) }}
{% endmacro %}

{#- The as_of (microseconds) of a table that is there; none: it is not, as in a unit test. -#}
{% macro newest_us(relation) %}
    {% if not execute or not relation.schema or load_relation(relation) is none %}
        {{ return(none) }}
    {% endif %}
    {% set us = run_query(
        "select max(" ~ epoch_us("as_of_tstamp") ~ ") as us from " ~ relation
    ).rows[0][0] %}
    {{ return(us if us is none else us | int) }}
{% endmacro %}

{#- Pre-hook: the rows that this run writes again, and any that lie after as_of. Where a
    run stops after it, the next starts from what is left. -#}
{% macro forget_rebuilt_moments() %}
    {% set from_us = rebuild_from_us() %}
    {% if from_us is not none %}
        delete from {{ this }} where as_of_tstamp >= {{ timestamp_us(from_us) }}
    {% endif %}
{% endmacro %}

{#- From when on events are read to compute features at `from_us` and later; none: from
    the beginning. What includes the moment's own event looks as far as a subject is seen. -#}
{% macro history_from_us(definitions, from_us) %}
    {% if from_us is none %} {{ return(none) }} {% endif %}
    {% set periods = [iso_duration_us(var("lookback"))] %}
    {% for feature in feature_definitions(definitions) if feature.conditions %}
        {% if feature.period is not none %}
            {% do periods.append(feature.period) %}
        {% elif not (feature.own and feature.conditions[0].condition == "true") %}
            {{ return(none) }}
        {% endif %}
    {% endfor %}
    {{ return(from_us - periods | max) }}
{% endmacro %}

{#- A feature table is built anew where its rows were made by other definitions: dbt asks
    this macro, and the column `definitions_hash` remembers. -#}
{% macro should_full_refresh() %}
    {% set asked = config.get("full_refresh") %}
    {% if asked is none %} {% set asked = flags.FULL_REFRESH %} {% endif %}
    {{ return(asked or definitions_changed()) }}
{% endmacro %}

{% macro definitions_changed() %}
    {% if not execute or not model.columns or "definitions_hash" not in model.columns %}
        {{ return(false) }}
    {% endif %}
    {% set built = load_relation(this) %}
    {% if built is none %} {{ return(false) }} {% endif %}
    {% set names = adapter.get_columns_in_relation(built) | map(attribute="name") | map("lower") %}
    {% if "definitions_hash" not in names %} {{ return(true) }} {% endif %}
    {% set others %}
        select count(*) as num_rows from {{ built }}
        where definitions_hash <> '{{ features_hash() }}'
    {% endset %}
    {{ return(run_query(others).rows[0][0] > 0) }}
{% endmacro %}
