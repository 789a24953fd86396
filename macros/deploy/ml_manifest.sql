{#- Written by `python -m ml.package` (make format); see ml/package.py. -#}
{% macro ml_manifest() %}
    {{ return({
        "version": "0.1.0",
        "sha256": "53dff34aca67326692c152e195c37cf95c449cc606f60f837f8123d32c227858",
        "files": {
        "ml": [
            "__init__.py",
            "errors.py",
            "mlflow_model.py",
            "package.py",
        ],
        "ml/data": [
            "__init__.py",
            "arguments.py",
            "column.py",
            "encode.py",
            "folds.py",
            "kinds.py",
            "schema.py",
            "splits.py",
            "targets.py",
        ],
        "ml/engines": [
            "__init__.py",
            "frames.py",
        ],
        "ml/evaluation": [
            "__init__.py",
            "curves.py",
            "importance.py",
            "metrics.py",
            "value_metrics.py",
        ],
        "ml/model": [
            "__init__.py",
            "artefact.py",
            "booster.py",
            "calibration.py",
            "contributions.py",
            "packing.py",
            "portable.py",
            "trained.py",
        ],
        "ml/registry": [
            "__init__.py",
            "definitions.py",
            "distributed.py",
            "gate.py",
            "model_kinds.py",
            "register.py",
            "row.py",
            "settings.py",
            "specs.py",
            "tables.py",
            "tracking.py",
            "verdict.py",
        ],
        "ml/scoring": [
            "__init__.py",
            "reasons.py",
            "score.py",
        ],
        "ml/training": [
            "__init__.py",
            "leaks.py",
            "propensity.py",
            "rows.py",
            "value.py",
        ],
        },
    }) }}
{% endmacro %}
