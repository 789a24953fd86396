{#- The training tables whose folds are checked: {table, subject, horizon}, the horizon the
    longest of what a table's rows are labelled over. -#}
{% macro training_tables() %}
    {{ return([
        {"table": "trn_live", "subject": "domain_userid", "horizon": var("live_horizon")},
        {"table": "trn_daily", "subject": "domain_userid", "horizon": var("daily_horizon")},
    ]) }}
{% endmacro %}
