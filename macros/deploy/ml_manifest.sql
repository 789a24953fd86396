{#- Written by `python -m ml.package` (make format); see ml/package.py. -#}
{% macro ml_manifest() %}
    {{ return({"sha256": "9f4382f5ae40a6c996c9302ab4659a7cdc7c59438d85307378073f290452b19c", "folders": ["ml", "ml/report", "ml/simulation"]}) }}
{% endmacro %}
