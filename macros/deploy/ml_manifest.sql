{#- Written by `python -m ml.package` (make format); see ml/package.py. -#}
{% macro ml_manifest() %}
    {{ return({"sha256": "74b20f21eea9e22ddf110be8e6867b32dfc861dd2f9cb0a4fd46b594ab9da14d", "folders": ["ml", "ml/simulation"]}) }}
{% endmacro %}
