{{ config(severity=var("leak_severity"), tags=["leak"]) }}

{{ features_after_the_moment(
    "feat_visitor__asof_event", ref("feat_visitor__asof_event"), skip_own=true
) }}
