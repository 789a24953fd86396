"""Measure `cdp simulate`: speed, memory, and the difficulty of what it makes.

    python bench/simulate.py                       events per second and peak memory at 1 M events
    python bench/simulate.py --events 10000000
    python bench/simulate.py --difficulty          AUC, log loss and base rate over seeds

Difficulty is measured as models are judged: moments of visitors who have not converted yet, live
ones all, daily ones where 7 days have passed.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow.dataset as ds
from sklearn.metrics import log_loss, roc_auc_score

from ml.simulation.generate import Simulation, simulate


def main() -> None:
    """Run one of the two measurements."""
    parser = argparse.ArgumentParser(description="Measure `cdp simulate`.")
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    parser.add_argument("--difficulty", action="store_true")
    options = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    if options.difficulty:
        print("seed  question  moments     base   auc_state  auc_history  ll_base  ll_history")
    for seed in options.seeds if options.difficulty else options.seeds[:1]:
        # A process of its own, so that its peak memory is this run's.
        job = difficulty if options.difficulty else speed
        process = context.Process(target=job, args=(options.events, options.days, seed))
        process.start()
        process.join()


def speed(events: int, days: int, seed: int) -> None:
    """Print events per second, peak memory and bytes of one run."""
    with tempfile.TemporaryDirectory() as folder:
        began, cpu = time.perf_counter(), time.process_time()
        summary = simulate(Simulation(Path(folder), events, days, seed))
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
        size = sum(path.stat().st_size for path in Path(folder).rglob("*.parquet"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{summary.events:,} events of {summary.visitors:,} visitors over {days} days: "
        f"{seconds:.1f} s ({cpu:.1f} s of CPU), {summary.events / seconds:,.0f} events/s, "
        f"peak memory {peak:,.0f} MB, {size / 1e6:,.0f} MB written"
    )


def difficulty(events: int, days: int, seed: int) -> None:
    """Print how well the hidden state, and the exact filter, predict conversions."""
    with tempfile.TemporaryDirectory() as folder:
        simulate(Simulation(Path(folder), events, days, seed))
        for question in ("live", "daily"):
            truth = ds.dataset(Path(folder) / "truth" / question)
            keep = ~ds.field("converted_before") & ds.field("target").is_valid()
            columns = ["p_given_state", "p_given_history", "target"]
            table = truth.to_table(columns=columns, filter=keep)
            state, history, target = (table[name].to_numpy() for name in columns)
            target = target.astype(bool)
            base = target.mean()
            print(
                f"{seed:4d}  {question:8s} {len(target):8d}  {base:.4f}"
                f"  {roc_auc_score(target, state):9.4f}  {roc_auc_score(target, history):11.4f}"
                f"  {log_loss(target, np.full(len(target), base)):7.4f}"
                f"  {log_loss(target, history):10.4f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
