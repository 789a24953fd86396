{{ training_rows(
    specs=propensity_model_specs("daily"),
    features=ref("feat_visitor__asof_day"),
    targets=ref("tgt_visitor__asof_day"),
    key=["domain_userid", "as_of_tstamp"],
    first_conversions=ref("tgt_visitor__first_conversion"),
) }}
