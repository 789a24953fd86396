def model(dbt, session):
    from ml import registry_tables, warehouse

    registry = dbt.ref("propensity_models")
    table = registry_tables.evaluation_table(
        warehouse.read(registry, ["model_name", "version", "metrics", "split"]),
        warehouse.read(dbt.ref("trn_readiness")),
        warehouse.read(dbt.ref("propensity_versions")),
    )
    return warehouse.write(table, registry_tables.EVALUATION, session)
