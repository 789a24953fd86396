def model(dbt, session):
    from ml.engines import frames
    from ml.registry import tables

    registry = dbt.ref("propensity_models")
    table = tables.evaluation_table(
        frames.read(registry, ["model_name", "version", "metrics", "split"]),
        frames.read(dbt.ref("trn_readiness")),
        frames.read(dbt.ref("propensity_versions")),
    )
    return frames.write(table, tables.EVALUATION, session)
