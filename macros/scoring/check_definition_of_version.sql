{#- Refuses a version that would not score, because the vars and YAML have another definition
    now. -#}
{% macro check_definition_of_version(registry, model_name, version) %}
    {% set spec = propensity_model_specs() | selectattr("model_name", "equalto", model_name) | first %}
    {% set what = "rollback_model: version " ~ version ~ " of " ~ model_name %}
    {% set advice = ", so that it would not score. Set the definition back (with the --vars of"
        ~ " your builds, where they have some): the next dbt build scores with the newest"
        ~ " version of it." %}
    {% if not spec %}
        {{ exceptions.raise_compiler_error(
            what ~ ": no model of that name is configured now" ~ advice
        ) }}
    {% endif %}
    {% set row = [none, none] %}
    {% if "outcome_hash" in column_names_of(registry) %}
        {% set hashes %}
            select outcome_hash, feature_hashes
            from {{ registry }}
            where model_name = {{ sql_literal(model_name) }} and version = {{ sql_literal(version) }}
        {% endset %}
        {% set row = run_query(hashes).rows[0] %}
    {% endif %}
    {% if row[0] is none %}
        {{ exceptions.raise_compiler_error(
            what ~ " was registered before definitions were, and nobody can tell what it predicts"
            ~ advice
        ) }}
    {% elif row[0] != outcome_hash(spec) %}
        {{ exceptions.raise_compiler_error(
            what ~ " predicts something else than " ~ model_name ~ " is asked now" ~ advice
        ) }}
    {% endif %}
    {% set tokens = feature_tokens(spec) %}
    {% set changed = [] %}
    {% for token in modules.re.findall("[|][^|]+[|]", row[1]) if token not in tokens %}
        {% do changed.append(token[1:].split(":")[0]) %}
    {% endfor %}
    {% if changed %}
        {{ exceptions.raise_compiler_error(
            what ~ " reads features that are defined otherwise now, or gone ("
            ~ changed | join(", ") ~ ")" ~ advice
        ) }}
    {% endif %}
    {{ return("") }}
{% endmacro %}
