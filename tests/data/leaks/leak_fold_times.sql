{#- Folds whose outcomes reach into a later fold's period, or were not known by as_of. -#}
{{ config(severity=var("leak_severity"), tags=["leak"]) }}

{{ fold_time_leaks(judged=false) }}
