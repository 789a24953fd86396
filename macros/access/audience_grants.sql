{#- Who may read the audiences, as dbt's config `grants`: the roles (Databricks: the principals)
    of var audience_readers. Where it is empty dbt leaves grants alone, instead of revoking
    what others granted. -#}
{% macro audience_grants() %}
    {% set readers = var("audience_readers") %}
    {{ return({"select": readers} if readers else {}) }}
{% endmacro %}
