"""One column that a model reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ColumnKind = Literal["numeric", "boolean", "categorical", "datetime"]


@dataclass(frozen=True)
class Column:
    """One input column and how it is read.

    Parameters
    ----------
    name
        Column of the frame.
    kind
        `numeric` and `boolean` give one number, `categorical` an integer code,
        `datetime` its hour, ISO weekday and distance in days.
    categories
        Texts with a code of their own; the code is the position.
    other
        Whether one more code stands for every other text. Without it an unseen text
        is missing.
    origin_us
        For `datetime` without a time column: microseconds since 1970 from which days
        are counted.
    from_text
        Whether the numbers or datetimes were texts. A later text may be neither.
    held
        What the column held, if the kind does not say it. For `numeric`: `durations`, read as
        seconds. For `categorical`: `numbers`, `intervals`, `periods` or `times of day`. For
        `datetime`: `zoned`, a time zone other than UTC.
    """

    name: str
    kind: ColumnKind
    categories: tuple[str, ...] = ()
    other: bool = False
    origin_us: int = 0
    from_text: bool = False
    held: str = ""

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the encoded features this column yields."""
        if self.kind == "datetime":
            return (f"{self.name}__hour", f"{self.name}__weekday", f"{self.name}__days")
        return (self.name,)

    @property
    def part_type(self) -> str:
        """XGBoost's feature type of every part: `c` categorical, `i` indicator, `q` number."""
        return {"categorical": "c", "boolean": "i"}.get(self.kind, "q")
