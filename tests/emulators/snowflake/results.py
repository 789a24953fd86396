"""What fakesnow makes of results on their way to the connector."""

from __future__ import annotations

import fakesnow.arrow
import pyarrow as pa

_made = fakesnow.arrow.timestamp_to_sf_struct


def keep_null_timestamps() -> None:
    """Mark null timestamps as null: fakesnow does not, and Arrow and pandas get 1970."""
    fakesnow.arrow.timestamp_to_sf_struct = _timestamp_to_sf_struct


def _timestamp_to_sf_struct(timestamps: pa.Array | pa.ChunkedArray) -> pa.Array:
    made = _made(timestamps)
    if isinstance(timestamps, pa.ChunkedArray):
        timestamps = timestamps.combine_chunks()
    parts = [made.field(number) for number in range(made.type.num_fields)]
    return pa.StructArray.from_arrays(parts, fields=list(made.type), mask=timestamps.is_null())
