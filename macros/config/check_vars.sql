{#- Checks every var once, on run start: one clear error that names the var, its value and
    what is accepted. -#}
{% macro check_vars() %}
    {% if not execute %} {{ return("") }} {% endif %}
    {% do check_var_names(invocation_args_dict.get("vars")) %}
    {% for name in [
        "max_clock_skew", "arrival_tolerance", "live_horizon", "daily_horizon",
        "first_touch_horizon", "session_timeout",
        "lookback",
    ] %}
        {% do iso_duration_us(var(name), "var " ~ name) %}
    {% endfor %}
    {% for name in [
        "app_ids", "excluded_events", "entity_fields", "event_fields", "audience_readers",
        "paid_mkt_mediums", "treated_audiences",
    ] %}
        {% do require_var(name, is_text_list(var(name)), "a list of names, e.g. [a, b]") %}
    {% endfor %}
    {% do check_field_vars() %}
    {% do late_arrival_us() %}
    {% do check_reading_vars() %}
    {% for name in ["exclude_bots", "force_training", "distributed_training"] %}
        {% do require_var(name, var(name) is boolean, "true or false") %}
    {% endfor %}
    {% for name in [
        "min_training_subjects", "min_converting_subjects", "min_judging_subjects",
        "retrain_after_days", "max_champion_age_days",
    ] %}
        {% do require_var(name, var(name) is integer and var(name) >= 0, "a whole number, 0 or more") %}
    {% endfor %}
    {% do require_var(
        "max_training_rows", var("max_training_rows") is integer and var("max_training_rows") >= 1000,
        "a whole number, 1000 or more",
    ) %}
    {% do require_var(
        "web_tables", var("web_tables") in ["build", "snowplow_web", "snowplow_unified"],
        "build, snowplow_web or snowplow_unified",
    ) %}
    {% for name in ["heartbeat", "days_late_allowed", "max_session_days", "events_per_part"] %}
        {% do require_var(name, var(name) is integer and var(name) > 0, "a whole number, 1 or more") %}
    {% endfor %}
    {% do require_var(
        "min_visit_length", var("min_visit_length") is integer and var("min_visit_length") >= 0,
        "a whole number of seconds, 0 or more",
    ) %}
    {% for name in ["label_high_lift", "label_medium_lift", "label_leave_threshold"] %}
        {% do require_var(name, var(name) is number and var(name) > 0, "a number above 0") %}
    {% endfor %}
    {% do require_var(
        "label_medium_lift", var("label_medium_lift") <= var("label_high_lift"),
        "at most label_high_lift (" ~ var("label_high_lift") ~ ")",
    ) %}
    {% do require_var("label_leave_threshold", var("label_leave_threshold") <= 1, "at most 1") %}
    {% do require_var(
        "audience_score_step", var("audience_score_step") is number and 0 <= var("audience_score_step") < 1,
        "a share of the score, 0 (every change) up to below 1, e.g. 0.5",
    ) %}
    {% for name in ["challenger_share", "score_history_share"] %}
        {% do require_var(
            name, var(name) is number and 0 <= var(name) <= 1,
            "a share from 0 (nobody) to 1 (everyone), e.g. 0.1",
        ) %}
    {% endfor %}
    {% do require_var(
        "audience_schema",
        var("audience_schema") is none
        or modules.re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", var("audience_schema") | string),
        "a name such as audiences, or null",
    ) %}
    {% for name in ["max_event_age", "warn_event_age"] %}
        {% do require_var(
            name,
            var(name) is none or modules.re.fullmatch("P[0-9]+D|PT[0-9]+[HM]", var(name) | string),
            "whole days, hours or minutes, e.g. P2D, PT6H, PT30M, or null",
        ) %}
    {% endfor %}
    {% do require_var(
        "stale_events", var("stale_events") in ["auto", "error", "ignore"], "auto, error or ignore"
    ) %}
    {% do require_var("leak_severity", var("leak_severity") in ["error", "warn"], "error or warn") %}
    {% set days = var("training_window") %}
    {% do require_var(
        "training_window",
        days is sequence and days is not string and days | length == 2
        and days[0] is number and days[1] is number and days[0] > days[1] and days[1] >= 0,
        "two numbers of days before as_of, the earlier first, e.g. [90, 0]",
    ) %}
    {% for name in ["fold_shares", "fold_periods"] %}
        {% set parts = var(name) %}
        {% do require_var(
            name,
            parts is sequence and parts is not string and parts | length == 3
            and parts | select("number") | select("gt", 0) | list | length == 3
            and (parts | sum - 1) | abs < 0.000001,
            "three shares above 0 that add up to 1, e.g. [0.6, 0.2, 0.2]",
        ) %}
    {% endfor %}
    {% for name in ["as_of", "events_from"] %}
        {% do require_var(
            name,
            var(name) is none or modules.re.match(
                "^\\d{4}-\\d{2}-\\d{2}([ T]\\d{2}:\\d{2}(:\\d{2}(\\.\\d{1,6})?)?)?$", var(name) | string
            ),
            "a UTC timestamp such as 2026-07-01 or 2026-07-01 12:00:00, or null",
        ) %}
    {% endfor %}
    {% do check_audience_exposures() %}
    {% do require_var("deploy_ml", var("deploy_ml") in ["auto", "check"], "auto or check") %}
    {% do require_var(
        "ml_package", var("ml_package") is none or var("ml_package") is string and var("ml_package"),
        "null, or what pip installs, e.g. /Workspace/Shared/cdp or cdp-propensity==0.1.0+<hash>",
    ) %}
    {% if var("churn_horizon") is not none %}
        {% do iso_duration_us(var("churn_horizon"), "var churn_horizon") %}
    {% endif %}
    {% if value_settings() %}
        {% do iso_duration_us(value_settings().horizon, "var value, horizon") %}
        {% do is_order() %}
        {% do require_numeric_property(value_settings().property, "var value") %}
    {% endif %}
    {% if var("email_property") is not none %}
        {% do property_column(var("email_property"), "var email_property") %}
    {% endif %}
    {% do check_clock_and_people_vars() %}
    {% do is_in_sample() %}
    {% do audience_rule_condition() %}
    {% do test_traffic_condition() %}
    {% for conversion in conversions() %} {% do check_conversion(conversion) %} {% endfor %}
    {% do feature_definitions(visitor_definitions_given()) %}
    {{ return("") }}
{% endmacro %}
