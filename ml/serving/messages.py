"""Bodies of requests and answers; the OpenAPI description is made of them."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct

MOST_VISITORS = 100
Visitor = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=128,
        description="The tracker's identifier of a browser.",
        examples=["5a6b1c0e-4d2f-4a3b-9c8d-7e6f5a4b3c2d"],
    ),
]


class Ask(Struct, frozen=True, forbid_unknown_fields=True):
    """Whom to score."""

    domain_userid: Visitor


class AskMany(Struct, frozen=True, forbid_unknown_fields=True):
    """Whom to score together."""

    domain_userids: Annotated[list[Visitor], Meta(min_length=1, max_length=MOST_VISITORS)]


class Answer(Struct, frozen=True):
    """The score of a visitor.

    Parameters
    ----------
    domain_userid
        Who.
    score
        Calibrated probability of the conversion within the model's horizon.
    label
        High, Medium or Low.
    decile
        1 for the highest scores, 10 for the lowest; null if the model does not know its deciles.
    reasons
        Up to three sentences, the strongest first.
    signals
        Attributes as Signals returned them.
    scoring_attributes
        What the model saw.
    model_name, model_version
        What scored.
    known
        Whether Signals holds anything of this visitor.
    warm
        Whether the attributes were published long enough ago to be complete.
    stale
        Whether Signals failed and attributes of a moment ago were used, of `as_of`.
    as_of
        When the attributes were read, ISO 8601 in UTC.
    """

    domain_userid: str
    score: float
    label: str
    decile: int | None
    reasons: list[str]
    signals: dict[str, Any]
    scoring_attributes: dict[str, Any]
    model_name: str
    model_version: str
    known: bool
    warm: bool
    stale: bool
    as_of: str


class Answers(Struct, frozen=True):
    """Scores in the order of the request."""

    predictions: list[Answer]


class Fault(Struct, frozen=True, omit_defaults=True):
    """What is wrong.

    Parameters
    ----------
    code
        One word for programs.
    message
        For people: what is wrong and what to do.
    field
        Which field of the body it is about, if it is about one.
    """

    code: str
    message: str
    field: str = ""


class Error(Struct, frozen=True):
    """Body of every answer that is not a success."""

    error: Fault


class Health(Struct, frozen=True):
    """The process answers."""

    status: str = "ok"


class Ready(Struct, frozen=True):
    """Whether scores can be given.

    Parameters
    ----------
    status
        `ready` or `not ready`.
    model_name, model_version
        What is served.
    groups
        Versions of its attribute group in Signals that it reads.
    warm_at
        From when on the attributes are complete, ISO 8601 in UTC.
    reason
        Why it is not ready.
    reload_failed
        Why a newer champion is not served.
    signals
        `ok`, or how calls to Signals fail.
    """

    status: str
    model_name: str = ""
    model_version: str = ""
    groups: list[str] = []
    warm_at: str = ""
    reason: str = ""
    reload_failed: str = ""
    signals: str = "ok"
