{{ training_rows(
    specs=propensity_model_specs("live"),
    features=ref("feat_visitor__asof_event"),
    targets=ref("tgt_visitor__asof_event"),
    key=["event_id"],
    first_conversions=ref("tgt_visitor__first_conversion"),
) }}
