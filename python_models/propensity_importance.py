def model(dbt, session):
    from ml.engines import frames
    from ml.registry import tables

    registry = dbt.ref("propensity_models")
    table = tables.importance_table(frames.read(registry, ["model_name", "version", "importance"]))
    return frames.write(table, tables.IMPORTANCE, session)
