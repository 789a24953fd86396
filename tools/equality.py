"""What two engines built from the same events, value for value, by primary key.

Engines name and store some types differently. Before values are compared, and only for that,

- column names become lower case;
- whole numbers of any width, and decimals without places, become 64-bit integers;
- floats of any width, and decimals with places, become 64-bit floats;
- timestamps lose their zone, which is UTC everywhere, and count microseconds;
- arrays, structs and VARIANT, and text that is a JSON array or object, become JSON text with
  sorted keys.

Nothing is rounded. Floats are equal when they differ by less than a table's tolerance.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from tools.project import Project

EXAMPLES = 3


@dataclass(frozen=True)
class Tolerance:
    """How far two floats may be apart: by `absolute`, or by `relative` times the larger."""

    relative: float = 0.0
    absolute: float = 0.0

    def exceeded(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Where two numbers are further apart; NaN and the infinities equal only themselves."""
        finite = np.isfinite(left) & np.isfinite(right)
        with np.errstate(invalid="ignore"):
            larger = np.maximum(np.abs(left), np.abs(right))
            near = np.abs(left - right) <= np.maximum(self.absolute, self.relative * larger)
        same = (left == right) | (np.isnan(left) & np.isnan(right))
        return ~(same | (finite & near))


@dataclass
class Compared:
    """One table on two engines.

    Parameters
    ----------
    table : str
        Its name.
    rows, columns : int
        Of the first engine.
    values : int
        How many values were compared.
    furthest : float
        The largest absolute difference of two floats.
    differs : list of str
        What is not equal; empty where all is.
    """

    table: str
    rows: int = 0
    columns: int = 0
    values: int = 0
    furthest: float = 0.0
    differs: list[str] = field(default_factory=list)


def primary_keys(project: Project) -> dict[str, list[str]]:
    """Every model with a primary key, from the tests that a build's manifest lists."""
    manifest = _manifest(project)
    keys: dict[str, list[str]] = {}
    for node in manifest["nodes"].values():
        test = node.get("test_metadata") or {}
        if test.get("name") not in ("unique", "unique_combination") or not node["attached_node"]:
            continue
        model = manifest["nodes"][node["attached_node"]]
        if test["name"] == "unique":
            keys.setdefault(model["name"], [test["kwargs"]["column_name"]])
        else:
            keys[model["name"]] = test["kwargs"]["columns"]
    return keys


def models(project: Project) -> set[str]:
    """Name every model that a build's manifest lists."""
    nodes = _manifest(project)["nodes"].values()
    return {node["name"] for node in nodes if node["resource_type"] == "model"}


def _manifest(project: Project) -> dict[str, Any]:
    return json.loads((project.folder / "target" / "manifest.json").read_text())


def compare(
    name: str, key: Sequence[str], left: pa.Table, right: pa.Table, tolerance: Tolerance
) -> Compared:
    """Compare a table as two engines have it."""
    left, right = comparable(left, key), comparable(right, key)
    out = Compared(name, left.num_rows, left.num_columns)
    if set(left.column_names) != set(right.column_names):
        only = sorted(set(left.column_names) ^ set(right.column_names))
        out.differs.append(f"columns of one only: {only}")
    if not _same(left.select(key), right.select(key)):
        mine, others = _keys(left, key), _keys(right, key)
        out.differs.append(
            f"{left.num_rows} and {right.num_rows} rows; keys of one only: "
            f"{_few(mine - others)} and {_few(others - mine)}"
        )
        return out
    for column in left.column_names:
        if column in right.column_names:
            _compare_column(out, column, left[column], right[column], left.select(key), tolerance)
    return out


def comparable(table: pa.Table, key: Sequence[str]) -> pa.Table:
    """Normalise the types as this module's text says, and sort by the key."""
    names = [name.lower() for name in table.column_names]
    columns = [_normalised(column.combine_chunks()) for column in table.columns]
    table = pa.table(dict(zip(names, columns, strict=True)))
    return table.sort_by([(name, "ascending") for name in key])


def printed(pair: str, results: Iterable[Compared]) -> str:
    """Format the comparisons as a table."""
    lines = [pair, f"{'table':32}{'rows':>9}{'columns':>9}{'values':>12}{'furthest':>10}  differs"]
    for result in results:
        differs = "; ".join(result.differs) or "-"
        lines.append(
            f"{result.table:32}{result.rows:9,}{result.columns:9}{result.values:12,}"
            f"{result.furthest:10.1e}  {differs}"
        )
    return "\n".join(lines)


def _normalised(column: pa.Array) -> pa.Array:
    kind = column.type
    if pa.types.is_integer(kind) or (pa.types.is_decimal(kind) and kind.scale == 0):
        return column.cast(pa.int64())
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return column.cast(pa.float64())
    if pa.types.is_timestamp(kind):
        return column.cast(pa.timestamp("us", kind.tz)).cast(pa.timestamp("us"))
    if pa.types.is_nested(kind):
        return pa.array([_json(value) for value in column.to_pylist()], pa.string())
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        text = column.cast(pa.string())
        told = {value: _json_text(value) for value in text.unique().to_pylist()}
        if any(value != one for value, one in told.items()):
            return pa.array([told[value] for value in text.to_pylist()], pa.string())
        return text
    return column


def _json_text(text: str | None) -> str | None:
    if text is None or text.lstrip()[:1] not in ("[", "{"):
        return text
    try:
        return _json(json.loads(text))
    except ValueError:
        return text


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value, sort_keys=True, default=str)


def _compare_column(
    out: Compared, name: str, left: Any, right: Any, keys: pa.Table, tolerance: Tolerance
) -> None:
    out.values += len(left)
    if left.type != right.type:
        if left.null_count == right.null_count == len(left):
            return
        if not {left.type, right.type} <= {pa.int64(), pa.float64()}:
            out.differs.append(f"{name}: {left.type} and {right.type}")
            return
        left, right = left.cast(pa.float64()), right.cast(pa.float64())
    if left.equals(right):
        return
    nulls = [side.is_null().to_numpy() for side in (left, right)]
    if pa.types.is_floating(left.type):
        far = _unlike_floats(out, left.to_numpy(), right.to_numpy(), tolerance)
    else:
        pairs = zip(left.to_pylist(), right.to_pylist(), strict=True)
        far = np.array([one != other for one, other in pairs])
    unlike = np.where(nulls[0] | nulls[1], nulls[0] != nulls[1], far)
    if unlike.any():
        at = [int(row) for row in np.flatnonzero(unlike)]
        shown = [
            f"{list(keys.slice(row, 1).to_pylist()[0].values())}: "
            f"{left[row].as_py()!r} and {right[row].as_py()!r}"
            for row in at[:EXAMPLES]
        ]
        out.differs.append(f"{name}: {len(at)} values, e.g. {'; '.join(shown)}")


def _unlike_floats(
    out: Compared, left: np.ndarray, right: np.ndarray, tolerance: Tolerance
) -> np.ndarray:
    finite = np.isfinite(left) & np.isfinite(right)
    if finite.any():
        out.furthest = max(out.furthest, float(np.abs(left - right)[finite].max()))
    return tolerance.exceeded(left, right)


def _same(left: pa.Table, right: pa.Table) -> bool:
    return all(
        left[name].combine_chunks().equals(right[name].combine_chunks())
        for name in left.column_names
    )


def _keys(table: pa.Table, key: Sequence[str]) -> set[tuple[Any, ...]]:
    return {tuple(row.values()) for row in table.select(key).to_pylist()}


def _few(keys: set[tuple[Any, ...]]) -> str:
    return f"{len(keys)} {sorted(map(str, keys))[:EXAMPLES]}"
