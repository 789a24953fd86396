"""The short way to a score answers as Litestar's own way does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from litestar import Litestar
from litestar.di import Provide
from litestar.testing import TestClient

from ml.serving.app import Scoring, predict, predict_batch
from ml.serving.messages import Answer
from ml.serving.predictor import Predictor


class Told(Predictor):
    """Scores a visitor by the length of the identifier."""

    def __init__(self) -> None:
        pass

    async def predict(self, visitors: Sequence[str], replay: str = "") -> list[Answer]:
        return [
            Answer(
                domain_userid=visitor,
                score=1 / (1 + len(visitor)),
                label="Low",
                decile=None,
                reasons=["Associated with 1 page view"],
                signals={"num_page_views_l7d": 1, "latest_app_id": None},
                scoring_attributes={"num_page_views_l7d": 1, "latest_app_id": ""},
                model_name="live",
                model_version="1",
                known=True,
                warm=False,
                stale=False,
                as_of=replay or "2026-01-01T00:00:00Z",
            )
            for visitor in visitors
        ]


def answers(path: str, body: Any, *, short: bool) -> Any:
    told = Told()
    app = Litestar(
        [predict, predict_batch],
        dependencies={"predictor": Provide(lambda: told, sync_to_thread=False)},
        middleware=[Scoring(told)] if short else [],
        openapi_config=None,
    )
    with TestClient(app) as client:
        answer = client.post(path, json=body)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    return answer.json()


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/predict", {"domain_userid": "visitor-ü"}),
        ("/predict/", {"domain_userid": "v"}),
        ("/predict/batch", {"domain_userids": ["one", "three", "one"]}),
    ],
)
def test_both_ways_give_the_same(path: str, body: dict[str, Any]) -> None:
    assert answers(path, body, short=True) == answers(path, body, short=False)
