"""What each group of features adds to `live` and `daily` on visitors' later days.

Simulates, stages, computes the project's features and the candidates beside them, trains on
everything known ten days (`daily`: two weeks) before the end and judges the days after it, on
several seeds. Prints the mean share of the exact filter's AUC (above 0.5) and of its gain in
log loss over the base rate: of the project's features, without each group of them, and with
each group of bench/candidate_features.yml.

    python bench/feature_groups.py [--events N] [--seeds S ...] [--rows R]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import yaml
from sklearn.metrics import log_loss, roc_auc_score

from bench.environment import environment

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
sys.path.insert(0, str(ROOT))

from ml.data import folds  # noqa: E402
from ml.data.schema import learn_schema  # noqa: E402
from ml.model import booster  # noqa: E402
from tools import rendering  # noqa: E402

DAYS = 90
# Days at the end that judge; the outcome has to be known by the first of them in training.
JUDGING_DAYS = {"live": 10, "daily": 14}
HORIZON_DAYS = {"live": 1 / 24, "daily": 7}
# The project's own features, in groups.
KEPT = {
    "two weeks": ["num_sessions_l14d", "num_pricing_views_l14d", "num_form_events_l14d"],
    "forms over 7 days": ["num_form_events_l7d"],
    "sessions with forms": ["num_form_sessions_l30d"],
    "sessions with pricing": ["num_pricing_sessions_l30d"],
    "key pages": [
        "num_demo_views_l30d", "num_product_views_l30d", "num_docs_views_l30d",
        "num_customers_views_l30d",
    ],
    "recency": ["hours_since_last_event_l30d"],
    "recency of pages and forms": ["hours_since_pricing_view_l30d", "hours_since_form_event_l30d"],
    "last action and page": ["last_event_name_l1h", "last_page_urlpath_l1h"],
    "campaign of the visit": ["first_mkt_campaign_l1h"],
    "pricing in the visit": ["num_pricing_views_l1h"],
    "counts of the visit": ["num_page_views_l1h", "num_page_pings_l1h", "num_form_events_l1h"],
    "source": ["first_refr_medium_l30d", "first_mkt_medium_l30d", "num_engaged_campaigns_l30d"],
    "applications": ["num_apps_l7d", "num_apps_l30d", "latest_app_id"],
    "moment and device": ["day_of_week", "latest_device_class"],
    "pages read": [
        "num_page_views_l7d", "num_page_views_l30d", "num_page_pings_l7d", "num_page_pings_l30d",
    ],
}  # fmt: skip
CANDIDATES = yaml.safe_load((ROOT / "bench/candidate_features.yml").read_text())


def run(*command: str | Path, **settings: str) -> None:
    """Run a command of the project's."""
    subprocess.run([*map(str, command)], cwd=ROOT, env=environment(**settings), check=True)


def stage(folder: Path, events: int, seed: int) -> None:
    """Simulate events and stage them, with outcomes, in a warehouse below the folder."""
    simulate = ["simulate", "--out", folder, "--events", str(events), "--days", str(DAYS)]
    run(BIN / "cdp", *simulate, "--seed", str(seed), "--force", "--quiet")
    (folder / "profiles.yml").write_text((ROOT / "profiles.example.yml").read_text())
    select = ["--select", "+tgt_visitor__first_conversion", "as_of"]
    run(
        BIN / "dbt", "--quiet", "run", *select, "--profiles-dir", folder,
        "--target-path", folder / "target", "--log-path", folder / "logs",
        CDP_EVENTS=str(folder / "events"), CDP_DUCKDB=str(folder / "warehouse.duckdb"),
    )  # fmt: skip


def frame(folder: Path, model: str) -> pd.DataFrame:
    """All features at the moments of a model, with outcome and the filter's probability."""
    definitions = rendering.visitor_definitions()
    for group in CANDIDATES.values():
        definitions |= group
    key = "event_id" if model == "live" else "domain_userid, as_of_tstamp"
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute("set asof_loop_join_threshold = 0")
        connection.execute(
            "create or replace temp view events as select * from stg_snowplow__events "
            "where domain_userid is not null"
        )
        truth = f"read_parquet('{folder}/truth/{model}/**/*.parquet')"
        connection.execute(
            "create or replace temp table moments as "
            f"select distinct domain_userid, as_of_tstamp from {truth}"
            if model == "daily"
            else "select 1"
        )
        moments = "moments" if model == "daily" else None
        features = rendering.Macros("duckdb").features(definitions, "events", moments)
        return connection.execute(f"""
            with features as ({features})
            select f.*, t.p_given_history, t.target
            from features as f
            join {truth} as t using ({key})
            join tgt_visitor__first_conversion as p on p.domain_userid = f.domain_userid
            where t.target is not null and (
                p.first_conversion_tstamp is null or f.as_of_tstamp < p.first_conversion_tstamp
            )
            order by f.domain_userid, f.as_of_tstamp
        """).df()


class Seed:
    """One simulation's rows that teach and rows that judge, for one model."""

    def __init__(self, rows: pd.DataFrame, model: str, n_rows: int) -> None:
        moment = rows["as_of_tstamp"]
        first = (moment.max() - pd.Timedelta(days=JUDGING_DAYS[model])).floor("D")
        known = moment + pd.Timedelta(days=HORIZON_DAYS[model] + 1) <= first
        teach = np.flatnonzero(known)
        if len(teach) > n_rows:
            teach = np.sort(np.random.default_rng(0).choice(teach, n_rows, replace=False))
        self.teach, self.judge = rows.iloc[teach], rows[moment >= first]
        self.groups = folds.hash_groups(self.teach["domain_userid"])

    def shares(self, features: list[str]) -> tuple[float, float]:
        """Share of the filter's AUC and log-loss gain that these features reach."""
        schema = learn_schema(self.teach, features, None)
        y = self.teach["target"].to_numpy(dtype=float)
        data = booster.Data(
            schema.encode(self.teach), y, folds.group_weights(self.groups), schema.feature_types
        )
        cv = np.where(folds.cross_folds(self.groups, y, 8, 0) == 0, 0, -1)
        fitted = booster.fit(data, cv, n_trials=1, seed=0, settings=booster.BASE_PARAMS)
        x = schema.encode(self.judge)
        margin = booster.predict_margin(fitted.boosters, x, schema.feature_types)
        return compare(
            self.judge["target"].to_numpy(dtype=float),
            1 / (1 + np.exp(-margin)),
            self.judge["p_given_history"].to_numpy(),
        )


def compare(y: np.ndarray, p: np.ndarray, best: np.ndarray) -> tuple[float, float]:
    """Shares of the best probabilities' AUC above one half and log-loss gain, in percent."""
    base = log_loss(y, np.full(len(y), y.mean()))
    auc = (roc_auc_score(y, p) - 0.5) / (roc_auc_score(y, best) - 0.5)
    gain = (base - log_loss(y, p)) / (base - log_loss(y, best))
    return 100 * auc, 100 * gain


def report(model: str, seeds: list[Seed]) -> None:
    """Print the table of a model."""
    columns = rendering.visitor_columns()
    kept = [n for n, meta in columns.items() if model in (meta.get("only_for") or [model])]

    def line(what: str, features: list[str]) -> tuple[float, float]:
        auc, gain = np.mean([seed.shares(features) for seed in seeds], axis=0)
        against = f"{auc - whole[0]:+8.2f} {gain - whole[1]:+8.2f}" if whole else ""
        print(f"{model:6} {what:34} {auc:8.2f} {gain:8.2f} {against}", flush=True)
        return auc, gain

    whole: tuple[float, float] | None = None
    print(f"{'model':6} {'features':34} {'% AUC':>8} {'% gain':>8} {'against all of them':>17}")
    whole = line(f"all {len(kept)}", kept)
    for group, names in KEPT.items():
        if set(names) & set(kept):
            line(f"without {group}", [name for name in kept if name not in names])
    for group, definitions in CANDIDATES.items():
        line(f"with {group}", [*kept, *definitions])


def main() -> None:
    """Measure both models."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--rows", type=int, default=200_000, help="that teach, of each seed")
    given = parser.parse_args()
    held: dict[str, list[Seed]] = {"live": [], "daily": []}
    for seed in given.seeds:
        with tempfile.TemporaryDirectory() as folder:
            stage(Path(folder), given.events, seed)
            for model, seeds in held.items():
                seeds.append(Seed(frame(Path(folder), model), model, given.rows))
    for model, seeds in held.items():
        report(model, seeds)


if __name__ == "__main__":
    main()
