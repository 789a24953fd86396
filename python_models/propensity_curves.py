def model(dbt, session):
    from ml import registry_tables, warehouse

    registry = dbt.ref("propensity_models")
    table = registry_tables.curves_table(
        warehouse.read(registry, ["model_name", "version", "curves"])
    )
    return warehouse.write(table, registry_tables.CURVES, session)
