def model(dbt, session):
    import pandas as pd

    from ml import registry, tracking, warehouse
    from ml.gate import GateRules

    training = {"trn_live": dbt.ref("trn_live"), "trn_daily": dbt.ref("trn_daily")}
    training["trn_first_touch"] = dbt.ref("trn_first_touch")
    as_of = warehouse.read(dbt.ref("as_of"))["as_of_tstamp"].iloc[0]
    # On its own line: dbt does not see a config.get that a method is called on.
    force = dbt.config.get("force_training")
    home = f"{dbt.this.database}.{dbt.this.schema}"

    def registered(columns, where=""):
        condition = f" where {where}" if where else ""
        return warehouse.read(
            session.sql(f"select {', '.join(columns)} from {dbt.this}{condition}")
        )

    def fetch_artefact(name, version):
        found = registered(["artefact"], f"model_name = '{name}' and version = '{version}'")
        return bytes(found["artefact"].iloc[0])

    known = registered(registry.KNOWN_COLUMNS) if dbt.is_incremental else None
    new = registry.register_due(
        {name: lambda rows=rows: warehouse.read(rows) for name, rows in training.items()},
        readiness=warehouse.read(dbt.ref("trn_readiness")),
        as_of=pd.Timestamp(as_of),
        catalogue=warehouse.read(dbt.ref("feature_catalogue")),
        known=known,
        fetch_artefact=fetch_artefact,
        settings=registry.Settings(
            retrain_after_days=float(dbt.config.get("retrain_after_days")),
            force=str(force).lower() == "true",
            rules=GateRules(
                max_champion_age_days=float(dbt.config.get("max_champion_age_days")),
                min_converting_subjects=int(dbt.config.get("min_judging_subjects")),
            ),
        ),
        on_trained=lambda row, trained: tracking.track(row, trained, home=home),
    )
    if known is not None:
        new = registry.not_registered_since(known, registered(["model_name", "version"]), new)
    return warehouse.write(new, registry.REGISTRY, session)
