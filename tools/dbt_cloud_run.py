"""Run a job of dbt Cloud, and fetch what its build left: `python -m tools.dbt_cloud_run target`.

Environment variables say which: DBT_CLOUD_URL, _ACCOUNT_ID, _JOB_ID and _TOKEN.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

import httpx

FILES = ("manifest.json", "run_results.json")


class RunError(Exception):
    """The job did not succeed, or dbt Cloud does not answer."""


def run_job(
    cloud: httpx.Client, job_id: str, folder: Path, *, poll_s: float = 15.0, retries: int = 5
) -> None:
    """Start the job, wait until it is over, and write the files of its `dbt build`.

    The start is asked for once: a second one would be a second run.
    """
    run = _data(cloud.post(f"jobs/{job_id}/run/", json={"cause": "cdp activate"}))
    where = f"runs/{int(run['id'])}/"
    print(f"dbt Cloud: run {run['id']} of job {job_id}", flush=True)
    related = {"include_related": '["run_steps"]'}
    while not run.get("is_complete"):
        time.sleep(poll_s)
        run = _read(cloud, where, related, poll_s, retries)
    if not run.get("is_success"):
        raise RunError(f"dbt Cloud: run {run['id']} did not succeed: {run.get('status_humanized')}")
    run = _read(cloud, where, related, poll_s, retries)
    builds = [step for step in run.get("run_steps") or () if "dbt build" in str(step.get("name"))]
    if not builds:
        names = ", ".join(str(step.get("name")) for step in run.get("run_steps") or ())
        raise RunError(f"dbt Cloud: no step of run {run['id']} is a `dbt build`; steps: {names}")
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        answer = cloud.get(f"{where}artifacts/{name}", params={"step": builds[-1]["index"]})
        if not answer.is_success:
            raise RunError(f"dbt Cloud: {name} of run {run['id']}: {answer.status_code}")
        (folder / name).write_bytes(answer.content)


def _read(
    cloud: httpx.Client, path: str, params: dict[str, str], poll_s: float, retries: int
) -> dict[str, Any]:
    for left in range(retries, -1, -1):
        try:
            answer = cloud.get(path, params=params)
        except httpx.TransportError:
            if not left:
                raise
        else:
            if answer.status_code < 500 or not left:
                return _data(answer)
        time.sleep(poll_s)
    raise AssertionError


def _data(answer: httpx.Response) -> dict[str, Any]:
    if not answer.is_success:
        raise RunError(f"dbt Cloud answered {answer.status_code} to {answer.request.method}")
    return answer.json()["data"]


def main() -> None:
    """Take what to run from the environment."""
    url, account, job, token = (
        os.environ[f"DBT_CLOUD_{name}"] for name in ("URL", "ACCOUNT_ID", "JOB_ID", "TOKEN")
    )
    with httpx.Client(
        base_url=f"{url}/api/v2/accounts/{account}/",
        headers={"Authorization": f"Bearer {token.strip()}"},
        timeout=60,
    ) as cloud:
        try:
            run_job(cloud, job, Path(sys.argv[1]))
        except (RunError, httpx.TransportError) as error:
            sys.exit(str(error))


if __name__ == "__main__":
    main()
