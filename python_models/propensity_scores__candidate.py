def model(dbt, session):
    from ml import scoring, warehouse
    from ml.registry_tables import find_artefact

    registry = dbt.ref("propensity_models")
    scorers = scoring.roles(
        warehouse.read(dbt.ref("propensity_champions")),
        warehouse.read(dbt.ref("propensity_challengers")),
        challenger_share=float(dbt.config.get("challenger_share")),
    )
    catalogue = warehouse.read(dbt.ref("feature_catalogue"))
    subjects = {
        "daily": dbt.ref("visitors_to_score"),
        "first_touch": dbt.ref("people_to_score"),
    }

    def fetch(model_name, version):
        return find_artefact(registry, model_name, version)

    jobs = scoring.jobs(scorers, subjects, catalogue=catalogue, fetch=fetch)
    return warehouse.map_many(jobs, scoring.SCORES, session)
