{#- Puts an earlier version back: one row is added to the registry, with the same artefact
    and SHA-256, newer than every other row of the model, so that the next build scores
    with it. Retraining goes on by its rules, from the newest version trained.

    dbt run-operation rollback_model --args '{model_name: daily, version: 20260701-1a2b3c4d}' -#}
{% macro rollback_model(model_name, version, reason=none) %}
    {% if not execute %} {{ return("") }} {% endif %}
    {% set registry = load_relation(ref("propensity_models")) %}
    {% if registry is none %}
        {{ exceptions.raise_compiler_error(
            "rollback_model: there is no propensity_models in " ~ target.schema
            ~ " yet; run dbt build first."
        ) }}
    {% endif %}
    {% set versions = registered_versions(registry, model_name) %}
    {% set wanted = versions | selectattr("version", "equalto", version) | first %}
    {% set champions = versions | selectattr("decision", "equalto", "champion") | list %}
    {% set rejected = wanted and wanted.decision == "rejected" %}
    {% if not wanted or rejected %}
        {{ rollback_error(versions, model_name, version, rejected) }}
    {% endif %}
    {% do check_definition_of_version(registry, model_name, version) %}
    {% if champions and champions[0].version == version %}
        {{ log(model_name ~ ": " ~ version ~ " is the champion already; nothing is added.", info=true) }}
        {{ return("") }}
    {% endif %}
    {% set new_version = restored_version(versions, version) %}
    {% set why = "rolled back from " ~ (champions[0].version if champions else "no champion")
        ~ " to " ~ version ~ " by " ~ who_runs() ~ " at "
        ~ run_started_at.strftime("%Y-%m-%d %H:%M:%S") ~ " UTC"
        ~ (": " ~ reason if reason else "") ~ "." %}
    {% set replaced = {
        "version": sql_literal(new_version),
        "decision": sql_literal("champion"),
        "decision_reason": sql_literal(why),
        "decision_code": "'rolled_back'",
        "decision_figures": text_null(),
        "trained_at": "greatest(cast('" ~ run_started_at.strftime("%Y-%m-%d %H:%M:%S.%f")
            ~ "' as " ~ type_timestamp_utc() ~ "), "
            ~ timestamp_us(versions[0].trained_us ~ " + 1") ~ ")",
    } %}
    {% set names, values = [], [] %}
    {% for column in adapter.get_columns_in_relation(registry) %}
        {% do names.append(column.quoted) %}
        {% do values.append(replaced.get(column.name | lower, column.quoted)) %}
    {% endfor %}
    {% call statement("rollback_model", auto_begin=true) %}
        insert into {{ registry }} ({{ names | join(", ") }})
        select
            {{ values | join(",\n            ") }}
        from {{ registry }}
        where model_name = {{ sql_literal(model_name) }} and version = {{ sql_literal(version) }}
    {% endcall %}
    {% do adapter.commit() %}
    {{ log(model_name ~ " " ~ new_version ~ ": champion. " ~ why, info=true) }}
    {{ log("The next dbt build scores with it.", info=true) }}
    {{ return("") }}
{% endmacro %}

{#- The versions of a model, newest first: {version, decision, trained_us}. -#}
{% macro registered_versions(registry, model_name) %}
    {% set versions = [] %}
    {% set newest_first %}
        select version, decision, {{ epoch_us("trained_at") }} as trained_us
        from {{ registry }}
        where model_name = {{ sql_literal(model_name) }}
        order by trained_at desc, version desc
    {% endset %}
    {% for row in run_query(newest_first).rows %}
        {% do versions.append(
            {"version": row[0], "decision": row[1], "trained_us": row[2] | int}
        ) %}
    {% endfor %}
    {{ return(versions) }}
{% endmacro %}

{#- 20260701-1a2b3c4d-r2: the second time that version is put back. ml.registry.due knows it. -#}
{% macro restored_version(versions, version) %}
    {% set trained = modules.re.sub("-r[0-9]+$", "", version) %}
    {% set times = namespace(number=1) %}
    {% for known in versions if known.version.startswith(trained ~ "-r") %}
        {% set times.number = [times.number, (known.version.split("-r") | last | int) + 1] | max %}
    {% endfor %}
    {{ return(trained ~ "-r" ~ times.number) }}
{% endmacro %}

{% macro rollback_error(versions, model_name, version, rejected) %}
    {% set known = [] %}
    {% for row in versions %}
        {% do known.append(row.version ~ " (" ~ row.decision ~ ")") %}
    {% endfor %}
    {% if not known %}
        {% set names = [] %}
        {% for row in run_query(
            "select distinct model_name from " ~ ref("propensity_models") ~ " order by model_name"
        ).rows %}
            {% do names.append(row[0]) %}
        {% endfor %}
        {{ exceptions.raise_compiler_error(
            "rollback_model: no model is named " ~ model_name ~ "; the registry holds "
            ~ (names | join(", ") if names else "none yet") ~ "."
        ) }}
    {% endif %}
    {{ exceptions.raise_compiler_error(
        "rollback_model: version " ~ version ~ " of " ~ model_name ~ (
            " was rejected by the gate and must not score" if rejected else " is not registered"
        ) ~ "; there are, newest first, " ~ known | join(", ") ~ "."
    ) }}
{% endmacro %}

{#- Who runs this, as far as the profile or the environment says. -#}
{% macro who_runs() %}
    {{ return(target.get("user") or env_var("USER", "") or "an unnamed user") }}
{% endmacro %}
