"""The workspace's REST calls, as far as dbt-databricks makes them."""

from __future__ import annotations

import base64
import itertools
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.emulators.databricks import jobs
from tests.emulators.databricks.jobs import Outcome

# Clients ask every ten seconds whether a run has ended: the answer waits for it so long.
PATIENCE_SECONDS = 30
# Numbers go up by one, if not always for a run.
KEPT_RUNS = 1_000
USER = "runner@example.com"


class RefusedError(Exception):
    """A call that cannot be served: an HTTP status, Databricks' code, and why."""

    status, code = 400, "INVALID_PARAMETER_VALUE"


class NotFoundError(RefusedError):
    """No such call, or no such object."""

    status, code = 404, "RESOURCE_DOES_NOT_EXIST"


@dataclass
class Run:
    """A run of a notebook."""

    outcome: Outcome | None = None
    ended: threading.Event = field(default_factory=threading.Event)


class Rest:
    """Answers calls by path.

    Parameters
    ----------
    files : Path
        Folder that holds /Volumes and /Workspace.
    connect_port : int
        Of Spark Connect.
    catalog : str
        What notebooks call Spark's catalog.
    """

    def __init__(self, files: Path, connect_port: int, catalog: str) -> None:
        self._files = files
        self._connect_port = connect_port
        self._catalog = catalog
        self._notebooks: dict[str, str] = {}
        self._runs: dict[int, Run] = {}
        self._numbers = itertools.count(1000)
        self.submitted: deque[Mapping[str, Any]] = deque(maxlen=10_000)
        self.commands: deque[Mapping[str, Any]] = deque(maxlen=10_000)
        self._calls: dict[str, Callable[[Mapping[str, Any]], Any]] = {
            "clusters/get": lambda asked: {"cluster_id": asked["cluster_id"], "state": "RUNNING"},
            "libraries/cluster-status": lambda _: {"library_statuses": []},
            "preview/scim/v2/Me": lambda _: {"userName": USER, "id": "1"},
            "contexts/create": lambda _: {"id": f"context-{next(self._numbers)}"},
            "contexts/status": lambda asked: {"id": asked["contextId"], "status": "Running"},
            "contexts/destroy": lambda asked: {"id": asked["contextId"]},
            "commands/execute": self._execute,
            "commands/status": self._command_status,
            "workspace/mkdirs": lambda _: {},
            "workspace/import": self._import,
            "workspace/get-status": self._workspace_status,
            "jobs/runs/submit": self._submit,
            "jobs/runs/get": self._run_status,
            "jobs/runs/get-output": self._run_output,
        }

    def answer(self, path: str, asked: Mapping[str, Any]) -> Any:
        """Answer a call such as `/api/2.2/jobs/runs/get`.

        Raises
        ------
        RefusedError
            This stand-in does not know the call, or what it asks for.
        """
        call = path.removeprefix("/api/").partition("/")[2]
        if call.startswith("permissions/"):
            return {}
        if call not in self._calls:
            raise NotFoundError(f"No API found for '{path}' (not in the stand-in)")
        return self._calls[call](asked)

    def _import(self, asked: Mapping[str, Any]) -> Any:
        self._notebooks[asked["path"]] = base64.b64decode(asked["content"]).decode()
        return {}

    def _workspace_status(self, asked: Mapping[str, Any]) -> Any:
        if asked["path"] not in self._notebooks:
            raise NotFoundError(f"Path ({asked['path']}) doesn't exist.")
        return {"path": asked["path"], "object_type": "NOTEBOOK", "object_id": 1}

    def _execute(self, asked: Mapping[str, Any]) -> Any:
        self.commands.append(asked)
        return {"id": str(self._start(asked["command"], []))}

    def _command_status(self, asked: Mapping[str, Any]) -> Any:
        outcome = self._await(int(asked["commandId"]))
        answer: dict[str, Any] = {"id": asked["commandId"], "status": "Running"}
        if outcome is None:
            return answer
        results = {"resultType": "text", "data": outcome.output}
        if outcome.trace:
            results = {"resultType": "error", "cause": outcome.trace, "summary": outcome.error}
        return {**answer, "status": "Finished", "results": results}

    def _submit(self, asked: Mapping[str, Any]) -> Any:
        self.submitted.append(asked)
        task = asked["tasks"][0]
        path = task["notebook_task"]["notebook_path"]
        if path not in self._notebooks:
            raise NotFoundError(f"Notebook not found: {path}")
        serverless = not task.keys() & {"new_cluster", "existing_cluster_id", "job_cluster_key"}
        if serverless and task.get("libraries"):
            raise RefusedError(
                "Libraries field is not supported for serverless task, please specify libraries "
                "in environment."
            )
        return {"run_id": self._start(self._notebooks[path], _libraries(asked, task))}

    def _run_status(self, asked: Mapping[str, Any]) -> Any:
        number = int(asked["run_id"])
        outcome = self._await(number)
        if outcome is None:
            state = {"life_cycle_state": "RUNNING"}
        elif outcome.trace:
            state = {
                "life_cycle_state": "INTERNAL_ERROR",
                "result_state": "FAILED",
                "state_message": f"Task inner_notebook failed with message: {outcome.error}",
            }
        else:
            state = {"life_cycle_state": "TERMINATED", "result_state": "SUCCESS"}
        tasks = [{"run_id": number, "task_key": "inner_notebook"}]
        return {"run_id": number, "job_id": number, "state": state, "tasks": tasks}

    def _run_output(self, asked: Mapping[str, Any]) -> Any:
        outcome = self._await(int(asked["run_id"]))
        if outcome is None or not outcome.trace:
            return {}
        return {"error": outcome.error, "error_trace": outcome.trace}

    def _start(self, source: str, libraries: list[str]) -> int:
        number, run = next(self._numbers), Run()
        self._runs[number] = run
        self._runs.pop(number - KEPT_RUNS, None)

        def end() -> None:
            try:
                run.outcome = jobs.run(
                    source,
                    libraries=libraries,
                    connect_port=self._connect_port,
                    catalog=self._catalog,
                    files=self._files,
                )
            # Whoever waits has to hear of it.
            except Exception as error:
                run.outcome = Outcome("", f"stand-in: {type(error).__name__}: {error}")
            run.ended.set()

        threading.Thread(target=end, daemon=True).start()
        return number

    def _await(self, number: int) -> Outcome | None:
        if number not in self._runs:
            raise NotFoundError(f"Run {number} does not exist.")
        self._runs[number].ended.wait(PATIENCE_SECONDS)
        return self._runs[number].outcome


def _libraries(asked: Mapping[str, Any], task: Mapping[str, Any]) -> list[str]:
    """Read what a task declares: of its environment, or of its cluster."""
    found = []
    for environment in asked.get("environments", []):
        if environment["environment_key"] == task.get("environment_key"):
            found += environment["spec"].get("dependencies", [])
    for library in task.get("libraries", []):
        found.append(library.get("whl") or library["pypi"]["package"])
    return found
