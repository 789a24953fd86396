def model(dbt, session):
    from ml.engines import frames
    from ml.registry.tables import find_artefact
    from ml.scoring import score

    registry = dbt.ref("propensity_models")
    scorers = score.roles(
        frames.read(dbt.ref("propensity_champions")),
        frames.read(dbt.ref("propensity_challengers")),
        challenger_share=float(dbt.config.get("challenger_share")),
    )
    catalogue = frames.read(dbt.ref("feature_catalogue"))
    subjects = {
        "daily": dbt.ref("visitors_to_score"),
        "first_touch": dbt.ref("people_to_score"),
    }

    def fetch(model_name, version):
        return find_artefact(registry, model_name, version)

    jobs = score.jobs(scorers, subjects, catalogue=catalogue, fetch=fetch)
    return frames.map_many(jobs, score.SCORES, session)
