"""What a service needs of a champion: its bytes, how its features are computed online, its words.

It is read from a warehouse, or from the card that `cdp export-model` writes beside a file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from ml.engines.connections import Reader
from ml.engines.registered import KnownVersions, known_versions
from ml.errors import ArtefactError
from ml.model import artefact as artefacts
from ml.model.packing import checksum
from ml.registry.definitions import read_hashes
from ml.scoring.reasons import Words, read_words
from ml.signals.definitions import (
    Feature,
    SignalsError,
    group_digest,
    group_name,
    of_model,
    read_features,
)

FORMAT = 1
# Base of the models that are asked at each event.
SERVED = "live"


@dataclass(frozen=True)
class Champion:
    """A version as it is served.

    Parameters
    ----------
    model_name, version, kind
        As in the registry.
    artefact
        Its bytes; `ml.model.artefact.from_bytes` reads them.
    artefact_sha256
        Their checksum.
    base_rate
        Share of positives that it was trained on.
    label_from
        Label -> the score that it starts from, High before Medium.
    decile_from
        Nine scores, descending: of decile 1 from the first on, of decile 2 from the second, ...;
        by the rows that judged it. Empty if they were not recorded.
    features
        What it reads -> how that is computed online (`feature_catalogue.online_definition`).
    digests
        Feature -> what its attribute's description says of its definition.
    warm_after_s
        Feature -> seconds after which its attribute, begun empty, holds all that it should.
    group
        `name` and `digest` of the attribute group with these definitions.
    words
        Feature -> how reasons speak of it.
    """

    model_name: str
    version: str
    kind: str
    artefact: bytes = field(repr=False)
    artefact_sha256: str
    base_rate: float
    label_from: dict[str, float]
    decile_from: list[float]
    features: dict[str, dict[str, Any]] = field(repr=False)
    digests: dict[str, str] = field(repr=False)
    warm_after_s: dict[str, int] = field(repr=False)
    group: dict[str, str]
    words: dict[str, Words] = field(repr=False)

    @property
    def attributes(self) -> dict[str, str]:
        """Features that Signals computes, and their digests; the others are of the moment."""
        return {name: self.digests[name] for name, o in self.features.items() if "attribute" in o}

    @property
    def longest_period_s(self) -> int:
        """Seconds after which all of its attributes, begun empty, hold all that they should."""
        return max(self.warm_after_s.values(), default=0)

    def to_json(self) -> dict[str, Any]:
        """Describe it without the artefact."""
        about = {name: getattr(self, name) for name in self.__dataclass_fields__}
        del about["artefact"]
        about["words"] = {name: asdict(words) for name, words in self.words.items()}
        return {"format": FORMAT, **about, "longest_period_s": self.longest_period_s}

    @classmethod
    def from_json(cls, about: Mapping[str, Any], artefact: bytes) -> Champion:
        """Read what `to_json` wrote.

        Raises
        ------
        SignalsError
            Another format, a part is missing, or the artefact is another one.
        """
        if about.get("format") != FORMAT:
            msg = f"format {about.get('format')!r} is not {FORMAT}, which this version reads."
            raise SignalsError(msg)
        parts = set(cls.__dataclass_fields__) - {"artefact"}
        missing = sorted(parts - about.keys())
        if missing:
            msg = f"{', '.join(missing)} missing: export the model again."
            raise SignalsError(msg)
        if checksum(artefact) != about["artefact_sha256"]:
            msg = (
                f"the artefact's SHA-256 is {checksum(artefact)}, not {about['artefact_sha256']}: "
                "it was altered, or belongs to another version. Export the model again."
            )
            raise SignalsError(msg)
        words = {name: Words(**said) for name, said in about["words"].items()}
        kept = {name: about[name] for name in parts}
        return cls(**{**kept, "words": words}, artefact=artefact)

    @classmethod
    def from_card(cls, path: Path) -> Champion:
        """Read a file of `cdp export-model` by the card beside it.

        Parameters
        ----------
        path
            The file, or its card.

        Raises
        ------
        SignalsError
            One of the two is not there, is no artefact, or cannot be served.
        """
        file = path.with_suffix("") if path.suffix == ".json" else path
        card_path = file.with_name(f"{file.name}.json")
        for wanted in (file, card_path):
            if not wanted.is_file():
                msg = f"{wanted}: no such file. Write both by `cdp export-model live`."
                raise SignalsError(msg)
        try:
            card = json.loads(card_path.read_text(encoding="utf-8"))
            serving = card.get("serving")
        except (ValueError, AttributeError) as error:
            msg = f"{card_path} is no card of `cdp export-model`: {error}"
            raise SignalsError(msg) from error
        if not isinstance(serving, dict):
            why = card.get("not_served") or "it was written by an older version; export it again."
            msg = f"{card_path} does not say how its model is served: {why}"
            raise SignalsError(msg)
        try:
            return cls.from_json(serving, file.read_bytes())
        except SignalsError as error:
            msg = f"{card_path}: {error}"
            raise SignalsError(msg) from error


def read_champion(reader: Reader, model_name: str) -> Champion:
    """Read the version of a model that is served: the one that scores now.

    If features that it reads were redefined and no other version has passed the gate yet, it is
    the one whose scores are kept (`propensity_versions.standing`). It goes on being served with the
    definitions that it was trained under.

    Parameters
    ----------
    reader
        Of a warehouse that `dbt build` has filled.
    model_name
        Such as `live`.

    Raises
    ------
    SignalsError
        There is none, it cannot be read, or it reads what is not computed online.
    WarehouseError
        There is no registry.
    """
    known = known_versions(reader)
    version = known.champions.get(model_name) or next(
        (v for (m, v), at in known.standings.items() if m == model_name and at.name == "kept"), None
    )
    if version is None:
        raise SignalsError(_no_champion(known, model_name))
    stored = reader.rows(
        "propensity_models",
        ["artefact"],
        where=f"model_name = '{model_name}' and version = '{version}'",  # both are in the registry
    )
    mine = known.rows["model_name"].eq(model_name) & known.rows["version"].eq(version)
    row = {str(name): value for name, value in known.rows[mine].iloc[0].to_dict().items()}
    return describe(reader, row, bytes(stored["artefact"].iloc[0]))


def describe(reader: Reader, row: Mapping[str, Any], artefact: bytes) -> Champion:
    """Put together what is served of a registered version.

    Parameters
    ----------
    reader
        Of its warehouse.
    row
        Its row of the registry.
    artefact
        Its bytes.

    Raises
    ------
    SignalsError
        As of `read_champion`.
    """
    model_name, version = str(row["model_name"]), str(row["version"])
    if model_name.partition("__")[0] != SERVED:
        msg = (
            f"{model_name} is not asked at each event, so that it is not served: only {SERVED} "
            f"is, and {SERVED}__... if there are several conversions."
        )
        raise SignalsError(msg)
    sha256 = str(row["artefact_sha256"])
    try:
        model = artefacts.read_registered(artefact, sha256, model_name, version)
    except ArtefactError as error:
        raise SignalsError(str(error)) from error
    catalogue = read_features(reader)
    read = _features_read(catalogue, row, model.schema.names)
    words = read_words(reader.table("feature_catalogue"), model.schema.names)
    return Champion(
        model_name=model_name,
        version=version,
        kind=str(row.get("kind") or "conversion"),
        artefact=artefact,
        artefact_sha256=sha256,
        base_rate=model.base_rate,
        label_from=_label_from(reader, model_name, version),
        decile_from=_decile_from(row.get("curves")),
        features={name: dict(one.online or {}) for name, one in read.items()},
        digests={name: one.digest for name, one in read.items()},
        warm_after_s={name: one.warm_after_s for name, one in read.items()},
        group={
            "name": group_name(model_name),
            "digest": group_digest({**of_model(catalogue, model_name), **read}),
        },
        words=dict(zip(model.schema.names, words, strict=True)),
    )


def _no_champion(known: KnownVersions, model_name: str) -> str:
    names = set(known.rows["model_name"])
    if model_name not in names:
        has = ", ".join(sorted(names)) or "none"
        return f"the registry has no model {model_name!r}; it has: {has}."
    latest = known.rows[known.rows["model_name"] == model_name].iloc[0]
    standing = known.standing(model_name, str(latest["version"]))
    why = standing.reason or latest["decision_reason"]
    return (
        f"{model_name} has no champion, so that there is nothing to serve. Its latest version, "
        f"{latest['version']}, is {standing.name or latest['decision']}: {why} Build again, or put "
        "a version back by `dbt run-operation rollback_model`."
    )


def _features_read(
    catalogue: Mapping[str, Feature], row: Mapping[str, Any], names: list[str]
) -> dict[str, Feature]:
    """Find each feature as the catalogue defines it; if it was redefined, as it was trained on."""
    what = f"{row['model_name']} {row['version']}"
    hashes = read_hashes(row.get("feature_hashes"))
    text = row.get("online_definitions")
    trained_on = json.loads(text) if isinstance(text, str) else {}
    out: dict[str, Feature] = {}
    redefined, offline = [], []
    for name in names:
        now, then = catalogue.get(name), hashes.get(name, "")
        if now is not None and now.feature_hash == then:
            out[name] = now
            if now.online is None:
                offline.append(f"{name} ({now.not_online_reason})")
        elif name in trained_on:
            out[name] = Feature(name, then, trained_on[name])
        else:
            redefined.append(name)
    if redefined:
        msg = (
            f"{what} was trained under other definitions of {', '.join(redefined)} than "
            "feature_catalogue has now, and does not say which. Run `dbt build`, so that a version "
            "of the present ones is trained."
        )
        raise SignalsError(msg)
    if offline:
        msg = (
            f"{what} reads what is not computed online: {'; '.join(offline)} Run `dbt build`, so "
            "that a version without it is trained."
        )
        raise SignalsError(msg)
    return out


def _label_from(reader: Reader, model_name: str, version: str) -> dict[str, float]:
    table = reader.table("propensity_versions")
    if not {"high_from_score", "medium_from_score"} <= set(table.columns):
        msg = (
            f"propensity_versions of {reader.name} does not say where labels start: build it, by "
            "`dbt build --select propensity_versions propensity_champions`."
        )
        raise SignalsError(msg)
    mine = table["model_name"].eq(model_name) & table["version"].eq(version)
    row = table[mine].iloc[0]
    return {"High": float(row["high_from_score"]), "Medium": float(row["medium_from_score"])}


def _decile_from(curves: object) -> list[float]:
    """Take the least score of each decile but the last, from the registry's curves."""
    if not isinstance(curves, str):
        return []
    points = artefacts.frame_from_json(json.loads(curves))
    if points.empty:
        return []
    mine = points[points["dataset"].eq("test") & points["curve"].eq("decile")]
    least = mine.sort_values("point")["threshold"].astype(float).tolist()
    return least[:-1] if len(least) == 10 and not pd.isna(least).any() else []
