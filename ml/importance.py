"""Which columns matter to a model and in which direction."""

from __future__ import annotations

import numpy as np
import pandas as pd

MAX_ROWS = 4_000


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
        score) to 1; null for categories and dates. Most important first.
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
        }
    )
    return out.sort_values(["importance", "feature"], ascending=[False, True], ignore_index=True)


def _rank_correlation(x: np.ndarray, contribution: np.ndarray) -> float:
    known = np.isfinite(x)
    pair = pd.DataFrame({"x": x[known], "c": contribution[known]}).rank()
    if len(pair) < 2 or pair.std().min() == 0:
        return 0.0
    return float(np.corrcoef(pair["x"], pair["c"])[0, 1])
