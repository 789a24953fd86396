{{ training_rows(
    features=ref("feat_prospect__asof_event"),
    targets=ref("tgt_prospect__asof_event"),
    key=["event_id"],
    conversion=conversions()[0],
    horizon=var("live_horizon"),
) }}
