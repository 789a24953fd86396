{{ config(severity=var("leak_severity"), tags=["leak"]) }}

{{ features_after_the_moment(
    "feat_prospect__asof_event", ref("feat_prospect__asof_event"), skip_own=true
) }}
