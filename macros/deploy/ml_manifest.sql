{#- Written by `python -m ml.package` (make format); see ml/package.py. -#}
{% macro ml_manifest() %}
    {{ return({"sha256": "883694fb75859da39fe5d2aeea87c9be74ae419d4da8ad1d541bbed83af6706c", "folders": ["ml", "ml/simulation"]}) }}
{% endmacro %}
