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
from ml.engines.registered import known_versions
from ml.errors import ArtefactError
from ml.model import artefact as artefacts
from ml.model.packing import checksum
from ml.scoring.reasons import Words, read_words
from ml.signals.definitions import (
    SignalsError,
    group_digest,
    group_name,
    hashes_of,
    of_model,
    read_features,
)

FORMAT = 1


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
    """Read the version of a model that scores now.

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
    version = known.champions.get(model_name)
    if version is None:
        raise SignalsError(_no_champion(known.rows, known.champions, model_name))
    row = reader.rows(
        "propensity_models",
        ["artefact"],
        where=f"model_name = '{model_name}' and version = '{version}'",  # both are in the registry
    )
    mine = known.rows["model_name"].eq(model_name) & known.rows["version"].eq(version)
    about = {str(name): value for name, value in known.rows[mine].iloc[0].to_dict().items()}
    return describe(reader, about, bytes(row["artefact"].iloc[0]))


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
    sha256 = str(row["artefact_sha256"])
    try:
        model = artefacts.read_registered(artefact, sha256, model_name, version)
    except ArtefactError as error:
        raise SignalsError(str(error)) from error
    features = read_features(reader)
    _check_features(features, model.schema.names, hashes_of(row), f"{model_name} {version}")
    read = {name: features[name] for name in model.schema.names}
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
            "digest": group_digest(of_model(features, model_name)),
        },
        words=dict(zip(model.schema.names, words, strict=True)),
    )


def _no_champion(rows: pd.DataFrame, champions: Mapping[str, str], model_name: str) -> str:
    if model_name not in set(rows["model_name"]):
        names = ", ".join(sorted(set(rows["model_name"]))) or "none"
        return f"the registry has no model {model_name!r}; it has: {names}."
    has = ", ".join(sorted(champions)) or "none"
    return (
        f"{model_name} has no champion, so that there is nothing to serve (models with one: {has})."
        " propensity_versions says why; build again, or put a version back by rollback_model."
    )


def _check_features(
    features: Mapping[str, Any], names: list[str], hashes: Mapping[str, str], what: str
) -> None:
    changed = [
        name
        for name in names
        if name not in features or features[name].feature_hash != hashes.get(name)
    ]
    if changed:
        msg = (
            f"{what} was trained under other definitions of {', '.join(changed)} than "
            "feature_catalogue has now. Run `dbt build`, so that a version of them is trained."
        )
        raise SignalsError(msg)
    offline = [
        f"{name} ({features[name].not_online_reason})"
        for name in names
        if features[name].online is None
    ]
    if offline:
        msg = (
            f"{what} reads what is not computed online: {'; '.join(offline)} Run `dbt build`, so "
            "that a version without it is trained."
        )
        raise SignalsError(msg)


def _label_from(reader: Reader, model_name: str, version: str) -> dict[str, float]:
    table = reader.table("propensity_champions")
    if not {"high_from_score", "medium_from_score"} <= set(table.columns):
        msg = (
            f"propensity_champions of {reader.name} does not say where labels start: build it, by "
            "`dbt build --select propensity_versions propensity_champions`."
        )
        raise SignalsError(msg)
    found = table[table["model_name"].eq(model_name) & table["version"].eq(version)]
    if found.empty:
        msg = f"{model_name} {version} is no champion, so that nobody says where its labels start."
        raise SignalsError(msg)
    row = found.iloc[0]
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
