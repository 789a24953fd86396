{#- Who may read the audiences, as dbt's config `grants`: the roles of var audience_readers (on
    Databricks: users, groups or service principals). If the var is empty, dbt leaves grants
    alone instead of revoking those that others gave. -#}
{% macro audience_grants() %}
    {% set readers = var("audience_readers") %}
    {{ return({"select": readers} if readers else {}) }}
{% endmacro %}
