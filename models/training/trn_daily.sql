{{ training_rows(
    features=ref("feat_prospect__asof_day"),
    targets=ref("tgt_prospect__asof_day"),
    key=["domain_userid", "as_of_tstamp"],
    conversion=conversions()[0],
    horizon=var("daily_horizon"),
) }}
