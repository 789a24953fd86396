def model(dbt, session):
    import pandas as pd

    from ml.engines import frames
    from ml.registry import distributed, register, tracking
    from ml.registry.settings import read_settings
    from ml.registry.tables import Registered

    training = {"trn_live": dbt.ref("trn_live"), "trn_daily": dbt.ref("trn_daily")}
    training["trn_first_touch"] = dbt.ref("trn_first_touch")
    as_of = frames.read(dbt.ref("as_of"))["as_of_tstamp"].iloc[0]
    readiness = frames.read(dbt.ref("trn_readiness"))
    registered = Registered(session, str(dbt.this))
    settings = read_settings(
        retrain_after_days=dbt.config.get("retrain_after_days"),
        force_training=dbt.config.get("force_training"),
        max_training_rows=dbt.config.get("max_training_rows"),
        distributed_training=dbt.config.get("distributed_training"),
        max_champion_age_days=dbt.config.get("max_champion_age_days"),
        min_judging_subjects=dbt.config.get("min_judging_subjects"),
    )
    known = registered.read(register.KNOWN_COLUMNS) if dbt.is_incremental else None
    plan = distributed.plan(training, readiness, session, settings)
    made = []
    new = register.register_due(
        plan.readers,
        readiness=readiness,
        as_of=pd.Timestamp(as_of),
        catalogue=frames.read(dbt.ref("feature_catalogue")),
        known=known,
        fetch_artefact=registered.artefact,
        settings=settings,
        refit_whole=plan.refit,
        on_trained=lambda row, trained: made.append((row, trained)),
    )
    if known is not None:
        new = register.not_registered_since(known, registered.read(["model_name", "version"]), new)
    written = frames.write(new, register.REGISTRY, session)
    schema = f"{dbt.this.database}.{dbt.this.schema}"
    tracking.track_registered(made, new, schema=schema)
    tracking.follow(register.overtaken_champions(known, new, readiness), schema=schema)
    return written
