from __future__ import annotations

import numpy as np
import pandas as pd

from ml.registry.decision import Decision
from ml.registry.gate import GateRules, Judged, judge_against, judge_alone

NO_LEAKS = pd.DataFrame(columns=["feature", "check", "value", "evidence"])


def rows(n: int = 3_000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Outcomes and the probabilities they were drawn from."""
    rng = np.random.default_rng(seed)
    chance = rng.beta(1, 6, n)
    return (rng.random(n) < chance).astype(float), chance


def judged(y: np.ndarray, p: np.ndarray, subjects: np.ndarray | None = None) -> Judged:
    return Judged(y, np.ones(len(y)), np.arange(len(y)) if subjects is None else subjects, p)


def blurred(chance: np.ndarray, seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, 0.8, len(chance))
    return 1 / (1 + np.exp(-(np.log(chance / (1 - chance)) + noise)))


def test_a_version_that_knows_something_stands() -> None:
    y, chance = rows()
    assert judge_alone(judged(y, chance), y.mean(), NO_LEAKS, GateRules()) is None


def test_the_base_rate_must_be_beaten_by_more_than_noise() -> None:
    y, _ = rows(400)
    p = np.clip(y.mean() + np.random.default_rng(3).normal(0, 0.02, 400), 0.01, 0.99)
    decision = judge_alone(judged(y, p), float(y.mean()), NO_LEAKS, GateRules())
    assert decision
    assert (decision.verdict, decision.code) == ("rejected", "not_above_base_rate")
    assert decision.figures["gain_low"] <= 0


def test_a_leak_blocks_with_its_name_and_evidence() -> None:
    y, chance = rows()
    leaks = pd.DataFrame([("num_orders", "alone", 0.99, "alone it ranks the outcome")],
                         columns=NO_LEAKS.columns)  # fmt: skip
    decision = judge_alone(judged(y, chance), 0.1, leaks, GateRules())
    assert decision
    assert decision.verdict == "rejected"
    assert decision.figures == {
        "feature": "num_orders", "evidence": "alone it ranks the outcome", "n_leaks": 1
    }  # fmt: skip


def test_few_converting_subjects_cannot_judge() -> None:
    y, chance = rows()
    one_subject = judged(y, chance, subjects=np.zeros(len(y), dtype=int))
    decision = judge_alone(one_subject, 0.1, NO_LEAKS, GateRules(min_converting_subjects=5))
    assert decision
    assert decision.code == "few_subjects"
    assert decision.figures == {"n_converting_subjects": 1, "n_asked": 5}


def against(challenger: np.ndarray, champion: np.ndarray, y: np.ndarray, age: float) -> Decision:
    return judge_against(judged(y, challenger), champion, age, GateRules())


def test_a_better_challenger_is_promoted() -> None:
    y, chance = rows()
    decision = against(chance, blurred(chance, 1), y, age=7)
    assert decision.verdict == "champion"
    assert decision.code == "better"


def test_an_equal_challenger_waits_until_the_champion_is_old() -> None:
    y, chance = rows()
    young = against(chance * 0.999, chance, y, age=7)
    old = against(chance * 0.999, chance, y, age=31)
    assert (young.verdict, old.verdict) == ("challenger", "champion")
    assert (young.code, young.figures["champion_age_days"]) == ("not_better", 7)
    assert (old.code, old.figures["champion_age_days"]) == ("champion_old", 31)


def test_a_worse_challenger_is_rejected_however_old_the_champion() -> None:
    y, chance = rows()
    decision = against(blurred(chance, 1), chance, y, age=400)
    assert decision.verdict == "rejected"
    assert decision.code == "worse"
    assert decision.figures["gain"] < 0


def test_one_busy_subject_is_no_proof() -> None:
    y, chance = rows(600)
    subjects = np.r_[np.zeros(300, dtype=int), np.arange(1, 301)]
    champion = chance.copy()
    champion[:300] = blurred(chance[:300], 1)
    assert judge_against(judged(y, chance), champion, 7, GateRules()).verdict == "champion"
    w = np.r_[np.full(300, 100 / 300), np.ones(300)]
    decision = judge_against(Judged(y, w, subjects, chance), champion, 7, GateRules())
    assert decision.verdict == "challenger"


def test_few_newer_converting_subjects_leave_the_champion_in_place() -> None:
    y, chance = rows(60)
    decision = judge_against(judged(y, chance), chance, 400, GateRules(min_converting_subjects=50))
    assert decision.verdict == "challenger"
    assert decision.code == "few_newer_subjects"
    assert decision.figures["n_asked"] == 50
