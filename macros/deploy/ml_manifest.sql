{#- Written by `python -m ml.package` (make format); see ml/package.py. -#}
{% macro ml_manifest() %}
    {{ return({"sha256": "3a10b511488b2a4f5eb00b85105922db8a93e95add6e6f59eb6fb1d0dba1310f", "folders": ["ml", "ml/export", "ml/report", "ml/simulation"]}) }}
{% endmacro %}
