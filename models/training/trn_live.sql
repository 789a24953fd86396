{{ training_rows(
    specs=propensity_model_specs("live"),
    features=ref("feat_prospect__asof_event"),
    targets=ref("tgt_prospect__asof_event"),
    key=["event_id"],
    prospects=ref("tgt_prospect__first_conversion"),
) }}
