def model(dbt, session):
    from ml import artefact, scoring, warehouse

    registry = dbt.ref("propensity_models")
    champions = warehouse.read(dbt.ref("propensity_champions"), where="model_name = 'daily'")
    catalogue = warehouse.read(dbt.ref("feature_catalogue"))
    subjects = dbt.ref("feat_prospect__current")
    if champions.empty:
        return warehouse.write(warehouse.empty(scoring.SCORES), scoring.SCORES, session)
    version = champions["version"].iloc[0]
    found = warehouse.read(
        registry,
        ["artefact", "artefact_sha256"],
        where=f"model_name = 'daily' and version = '{version}'",
    )
    champion = artefact.from_bytes(found["artefact"].iloc[0], found["artefact_sha256"].iloc[0])
    score = scoring.scorer(champion, catalogue, model_name="daily", version=version)
    return warehouse.map_batches(subjects, score, scoring.SCORES, session)
