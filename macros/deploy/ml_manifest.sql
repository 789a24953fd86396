{#- Written by `python -m ml.package` (make format); see ml/package.py. -#}
{% macro ml_manifest() %}
    {{ return({"sha256": "8a0cbe6baf80c9475634e4eca73a0d0858495ebb4aa620d7b013d18c32550c52", "folders": ["ml", "ml/export", "ml/report", "ml/simulation"]}) }}
{% endmacro %}
