def model(dbt, session):
    from ml.engines import frames
    from ml.registry import tables

    registry = dbt.ref("propensity_models")
    table = tables.effects_table(frames.read(registry, ["model_name", "version", "effects"]))
    return frames.write(table, tables.EFFECTS, session)
