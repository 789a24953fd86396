{{ training_rows(
    specs=propensity_model_specs("daily"),
    features=ref("feat_prospect__asof_day"),
    targets=ref("tgt_prospect__asof_day"),
    key=["domain_userid", "as_of_tstamp"],
    prospects=ref("tgt_prospect__first_conversion"),
) }}
