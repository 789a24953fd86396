def model(dbt, session):
    from ml import registry_tables, warehouse

    registry = dbt.ref("propensity_models")
    table = registry_tables.effects_table(
        warehouse.read(registry, ["model_name", "version", "effects"])
    )
    return warehouse.write(table, registry_tables.EFFECTS, session)
