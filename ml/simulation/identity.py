"""Identifiers and small random choices made by hashing, so that they never depend on order.

Source of the mixing function: SplitMix64 (Steele, Lea and Flood, 2014).
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

Keys = NDArray[np.uint64]

_HEX = np.frombuffer("".join(f"{n:02x}" for n in range(256)).encode(), np.uint16)
_DASHES = (8, 13, 18, 23)
_HEX_AT = [n for n in range(36) if n not in _DASHES]


class Stream(IntEnum):
    """What a hash is for; two streams of one key are independent."""

    EVENT = 1
    VISITOR = 2
    SESSION = 3
    PAGE_VIEW = 4
    NETWORK = 5
    USER = 6
    DEVICE = 7
    PLACE = 8
    ADDRESS = 9
    MEMBER = 10
    CLOCK = 11
    LATENCY = 12
    SCROLL = 13
    DEFECT = 14


def hash_of(seed: int, stream: int, *parts: ArrayLike) -> Keys:
    """Hash of whole numbers, element by element.

    Parameters
    ----------
    seed, stream : int
        Salt; see `Stream`.
    *parts : array-like of int
        Keys, broadcast against each other.

    Returns
    -------
    ndarray of uint64

    Examples
    --------
    >>> hash_of(1, Stream.EVENT, [7, 8]).tolist() == hash_of(1, Stream.EVENT, [7, 8]).tolist()
    True
    """
    with np.errstate(over="ignore"):
        out = _splitmix(np.uint64(seed % 2**64) + np.uint64(stream) * np.uint64(0xD1342543DE82EF95))
        for part in parts:
            out = _splitmix(out ^ np.asarray(part).astype(np.uint64))
    return np.atleast_1d(out)


def _splitmix(x: np.uint64 | Keys) -> Keys:
    x = np.asarray(x, np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def uniform(keys: Keys) -> NDArray[np.float64]:
    """Numbers in [0, 1) from hashes.

    Examples
    --------
    >>> bool(uniform(hash_of(1, Stream.SCROLL, 5))[0] < 1)
    True
    """
    return (keys >> np.uint64(11)).astype(np.float64) * 2.0**-53


def uuids(keys: Keys) -> pa.Array:
    """Version 4 UUIDs in text form, a function of the 64-bit key.

    Examples
    --------
    >>> len(uuids(hash_of(1, Stream.EVENT, [1, 2]))[0].as_py())
    36
    """
    n = len(keys)
    with np.errstate(over="ignore"):
        raw = np.stack([keys, _splitmix(keys ^ np.uint64(0xA5A5A5A5A5A5A5A5))], axis=1)
    raw = np.ascontiguousarray(raw.astype("<u8")).view(np.uint8).reshape(n, 16)
    raw[:, 6] = raw[:, 6] & 0x0F | 0x40
    raw[:, 8] = raw[:, 8] & 0x3F | 0x80
    digits = _HEX[raw].view(np.uint8).reshape(n, 32)
    text = np.full((n, 36), ord("-"), np.uint8)
    text[:, _HEX_AT] = digits
    return _fixed_text(text)


def hex_text(keys: Keys) -> pa.Array:
    """32 hexadecimal digits, as a hashed e-mail address has, a function of the 64-bit key."""
    with np.errstate(over="ignore"):
        raw = np.stack([keys, _splitmix(~keys)], axis=1)
    raw = np.ascontiguousarray(raw.astype("<u8")).view(np.uint8).reshape(len(keys), 16)
    return _fixed_text(_HEX[raw].view(np.uint8).reshape(len(keys), 32))


def _fixed_text(text: NDArray[np.uint8]) -> pa.Array:
    """Arrow strings of equal length from an (n, length) array of ASCII codes."""
    n, length = text.shape
    offsets = np.arange(n + 1, dtype=np.int32) * np.int32(length)
    data = np.ascontiguousarray(text)
    return pa.Array.from_buffers(pa.string(), n, [None, pa.py_buffer(offsets), pa.py_buffer(data)])
