{#- Schedules the build inside Snowflake: a task that runs this project as a dbt project object.

        dbt run-operation schedule_on_snowflake --args '{dry_run: true}'
        dbt run-operation schedule_on_snowflake --args '{cron: "30 5 * * * UTC"}'
        dbt run-operation suspend_on_snowflake

    The object is what `snow dbt deploy` made of this checkout or, with `repository`, is made
    here of a Git repository object. dbt_project/docs/scheduling.md has the whole of it. -#}
{% macro schedule_on_snowflake(
    cron="30 5 * * * UTC", project=none, repository=none, ref="branches/main",
    dbt_version=none, dry_run=false
) %}
    {{ return(adapter.dispatch("schedule_on_snowflake", "cdp")(
        cron, project, repository, ref, dbt_version, dry_run
    )) }}
{% endmacro %}

{% macro default__schedule_on_snowflake(cron, project, repository, ref, dbt_version, dry_run) %}
    {{ exceptions.raise_compiler_error(
        "schedule_on_snowflake: this target is no Snowflake; dbt_project/docs/scheduling.md says "
        ~ "what schedules the others."
    ) }}
{% endmacro %}

{% macro snowflake__schedule_on_snowflake(cron, project, repository, ref, dbt_version, dry_run) %}
    {% set project = project or snowflake_task_name("cdp") %}
    {% if not dry_run %}
        {% set dbt_version = dbt_version or newest_dbt_on_snowflake() %}
        {% do deploy_ml(repository, ref) %}
    {% endif %}
    {% for statement in snowflake_task_statements(
        cron, project, repository, ref, dbt_version or "1.11"
    ) %}
        {% if dry_run %} {% do log(statement ~ ";\n", info=true) %}
        {% else %} {% do run_query(statement) %}
        {% endif %}
    {% endfor %}
{% endmacro %}

{#- Nothing is built any more until schedule_on_snowflake runs again; what is there stays. -#}
{% macro suspend_on_snowflake() %}
    {% do run_query("alter task if exists " ~ snowflake_task_name("cdp_build") ~ " suspend") %}
{% endmacro %}

{#- A task has to be where the object is that it runs, and both are where dbt builds. -#}
{% macro snowflake_task_name(name) %}
    {{ return([target.database, target.schema, name] | join(".")) }}
{% endmacro %}

{% macro snowflake_task_statements(cron, project, repository, ref, dbt_version) %}
    {% set build = snowflake_task_name("cdp_build") %}
    {% set version = " dbt_version = '" ~ dbt_version ~ "'" %}
    {% set statements = [] %}
    {% if repository %}
        {% do statements.append(
            "create or replace dbt project " ~ project ~ " from '@" ~ repository ~ "/" ~ ref ~ "'"
            ~ version
        ) %}
    {% endif %}
    {#- No `source freshness` before it: EXECUTE DBT PROJECT does not have it everywhere, and the
        build itself stops where events are stale. Two builds never overlap. One that fails is
        tried once more; the schedule stops itself after three days of failures. -#}
    {% do statements.append(
        "create or replace task " ~ build ~ "\n    warehouse = " ~ target.warehouse
        ~ "\n    schedule = 'USING CRON " ~ cron ~ "'"
        ~ "\n    allow_overlapping_execution = false"
        ~ "\n    user_task_timeout_ms = 14400000"
        ~ "\n    suspend_task_after_num_failures = 3"
        ~ "\n    task_auto_retry_attempts = 1"
        ~ "\nas execute dbt project " ~ project
        ~ " args = 'build --vars \"{deploy_ml: check}\"'" ~ version
    ) %}
    {% do statements.append("alter task " ~ build ~ " resume") %}
    {{ return(statements) }}
{% endmacro %}

{#- The newest dbt Core 1.11 that the account offers for dbt project objects. -#}
{% macro newest_dbt_on_snowflake() %}
    {% set offered = [] %}
    {% set patches = [] %}
    {% for version in fromjson(run_query("select system$supported_dbt_versions()").rows[0][0]) %}
        {% do offered.append(version.dbt_version) %}
        {% if version.dbt_version.startswith("1.11.") %}
            {% do patches.append(version.dbt_version.split(".")[2] | int) %}
        {% endif %}
    {% endfor %}
    {% if not patches %}
        {{ exceptions.raise_compiler_error(
            "schedule_on_snowflake: this project needs dbt Core 1.11, and the account offers "
            ~ offered | join(", ") ~ " for dbt project objects. Schedule it by GitHub Actions or "
            ~ "dbt Cloud (dbt_project/docs/scheduling.md)."
        ) }}
    {% endif %}
    {{ return("1.11." ~ patches | max) }}
{% endmacro %}
