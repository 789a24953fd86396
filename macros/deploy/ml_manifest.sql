{#- Written by `python -m ml.package` (make format); see ml/package.py. -#}
{% macro ml_manifest() %}
    {{ return({"sha256": "5fa50ba9daf582b43b63acccb81f33f4b79da7d311bd188db47405cff8875ab4", "folders": ["ml", "ml/simulation"]}) }}
{% endmacro %}
