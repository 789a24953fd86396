"""Which columns matter to a model, in which direction, and at which values."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ml.evaluation.metrics import equal_mass_bins

MAX_ROWS = 4_000
QUANTILES = {"p05": 0.05, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p95": 0.95}
# The values of a column are put into at most so many bands; of categories, the most frequent ones
# are bands of their own.
MAX_BANDS = 8
EFFECTS = ["feature", "band", "label", "value_low", "value_high", "share"]
EFFECTS += ["contribution", "contribution_p05", "contribution_p95"]


def importance(
    contributions: np.ndarray, x: np.ndarray, names: list[str], numeric: np.ndarray
) -> pd.DataFrame:
    """Summarise exact contributions of many rows.

    Parameters
    ----------
    contributions
        To the log-odds, shape (n, n_columns).
    x
        One number per column to read the direction from, NaN where missing, same shape.
    names
        Of the columns.
    numeric
        Whether more and less have a meaning for each column, shape (n_columns,).

    Returns
    -------
    DataFrame
        `feature`, `importance` (mean absolute contribution), `share` (of the total),
        `direction`: rank correlation of value and contribution, -1 (more of it lowers the
        score) to 1; null for categories and dates; `contribution_p05` to
        `contribution_p95`: quantiles of the signed contributions. Most important first.
    """
    strength = np.abs(contributions).mean(axis=0)
    direction = [
        _rank_correlation(x[:, at], contributions[:, at]) if numeric[at] else np.nan
        for at in range(len(names))
    ]
    out = pd.DataFrame(
        {
            "feature": names,
            "importance": strength,
            "share": strength / max(strength.sum(), 1e-12),
            "direction": direction,
            **{
                f"contribution_{name}": np.quantile(contributions, at, axis=0)
                for name, at in QUANTILES.items()
            },
        }
    )
    return out.sort_values(["importance", "feature"], ascending=[False, True], ignore_index=True)


def effects(
    contributions: np.ndarray,
    x: np.ndarray,
    names: list[str],
    numeric: np.ndarray,
    categories: list[tuple[str, ...]],
) -> pd.DataFrame:
    """Say what each column's values do to the score: contributions by band of values.

    Parameters
    ----------
    contributions, x, names, numeric
        As in `importance`; categories as their codes.
    categories
        Texts of each column's codes; empty for other columns. A code beyond them is every
        other text.

    Returns
    -------
    DataFrame
        One row per column and band, EFFECTS: `label` of a category, else null; `value_low`
        and `value_high` of a band of numbers, both null if the value is missing; `share`
        of rows; mean `contribution` to the log-odds and the range that holds 90 % of them.
        Bands of numbers ascend, missing last; categories by frequency. Dates have none.
    """
    rows = []
    for at, name in enumerate(names):
        if not (numeric[at] or categories[at]):
            continue
        known = np.isfinite(x[:, at])
        bands = np.full(len(x), -1)
        bands[known] = _bands(x[known, at], categories[at])
        order = [band for band in np.unique(bands) if band >= 0] + [-1] * (not known.all())
        for place, band in enumerate(order):
            member = bands == band
            label, low, high = None, np.nan, np.nan
            if band >= 0:
                low, high = x[member, at].min(), x[member, at].max()
            if band >= 0 and categories[at]:
                named = low == high and low < len(categories[at])
                label = categories[at][int(low)] if named else "other"
                low, high = np.nan, np.nan
            inside = contributions[member, at]
            spread = np.quantile(inside, [0.05, 0.95])
            rows.append((name, place, label, low, high, member.mean(), inside.mean(), *spread))
    numbers = EFFECTS[3:]
    return pd.DataFrame(rows, columns=EFFECTS).astype(dict.fromkeys(numbers, "float64"))


def _bands(values: np.ndarray, categories: tuple[str, ...]) -> np.ndarray:
    """Band of each value: one per value if there are few, else bands of about equal size."""
    if categories:
        codes, counts = np.unique(values, return_counts=True)
        named = codes < len(categories)
        kept = codes[named][np.argsort(-counts[named], kind="stable")][:MAX_BANDS]
        place = {code: at for at, code in enumerate(kept)}
        return np.array([place.get(code, MAX_BANDS) for code in values], dtype=np.int64)
    distinct, inverse = np.unique(values, return_inverse=True)
    if len(distinct) <= MAX_BANDS:
        return inverse
    return equal_mass_bins(values, np.ones(len(values)), MAX_BANDS)


def _rank_correlation(x: np.ndarray, contribution: np.ndarray) -> float:
    known = np.isfinite(x)
    pair = pd.DataFrame({"x": x[known], "c": contribution[known]}).rank()
    if len(pair) < 2 or pair.std().min() == 0:
        return 0.0
    return float(np.corrcoef(pair["x"], pair["c"])[0, 1])
