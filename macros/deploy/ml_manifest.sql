{#- Written by `python -m ml.package` (make format); see ml/package.py. -#}
{% macro ml_manifest() %}
    {{ return({"sha256": "355afd29e46a6ad3a0b65768fd2c510c19c05a880b471bba21d91b299767257e", "folders": ["ml", "ml/export", "ml/report", "ml/simulation"]}) }}
{% endmacro %}
