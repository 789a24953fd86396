def model(dbt, session):
    from ml.engines import frames
    from ml.registry import tables

    registry = dbt.ref("propensity_models")
    table = tables.curves_table(frames.read(registry, ["model_name", "version", "curves"]))
    return frames.write(table, tables.CURVES, session)
