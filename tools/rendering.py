"""SQL of the project's macros in any engine's dialect, without a warehouse or a dbt run.

dbt renders for the engine it is connected to; here the same macro files are rendered with
the few names of dbt's context that they use, so that one definition set compiles for every
engine in milliseconds. That dbt itself renders the same is what its unit tests show.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import jinja2
import yaml

ROOT = Path(__file__).resolve().parents[1]
MACRO = re.compile(r"\{%-?\s*macro\s+(\w+)\s*\(.*?\{%-?\s*endmacro\s*-?%\}", re.DOTALL)
DIALECTS = {
    "duckdb": ("duckdb", "default"),
    "snowflake": ("snowflake", "default"),
    "databricks": ("databricks", "spark", "default"),
}


class CompilationError(Exception):
    """What a macro raises for a definition that it does not accept."""


class _ReturnedError(Exception):
    def __init__(self, value: Any) -> None:
        self.value = value


class Macros:
    """The project's macros for one engine.

    Parameters
    ----------
    dialect : str
        A key of `DIALECTS`, or another adapter, which has defaults only.
    answers : sequence, optional
        The rows that every query gets; queries get nothing where it is not given.
    **variables : object
        Vars that differ from `dbt_project.yml`.
    """

    def __init__(
        self, dialect: str, answers: Sequence[Any] | None = None, **variables: Any
    ) -> None:
        project = yaml.safe_load((ROOT / "dbt_project.yml").read_text())
        self.vars: dict[str, Any] = project["vars"] | variables
        self._prefixes = DIALECTS.get(dialect, (dialect, "default"))
        self._environment = jinja2.Environment(extensions=["jinja2.ext.do"])
        self._environment.globals |= {
            "var": lambda name, default=None: self.vars.get(name, default),
            "return": self._return,
            "tojson": json.dumps,
            "fromjson": json.loads,
            "execute": True,
            "target": SimpleNamespace(database="ANALYTICS", schema="CDP", warehouse="CDP"),
            "run_query": lambda _: None if answers is None else SimpleNamespace(rows=answers),
            "modules": SimpleNamespace(re=re, itertools=itertools),
            "exceptions": SimpleNamespace(raise_compiler_error=self._raise),
            "adapter": SimpleNamespace(dispatch=self._dispatch),
            "dbt": SimpleNamespace(
                type_string=lambda: "string" if dialect == "databricks" else "text",
                type_bigint=lambda: "bigint",
                type_float=lambda: "double",
            ),
        }
        for path in sorted((ROOT / "macros").rglob("*.sql")):
            for found in MACRO.finditer(path.read_text()):
                self._environment.globals[found[1]] = self._macro(found[1], found[0])

    def knowing(self, **names: Any) -> Macros:
        """Add what further macros use of dbt's context; of `adapter`, its further methods."""
        methods = names.pop("adapter", {})
        self._environment.globals |= names
        self._environment.globals["adapter"] = SimpleNamespace(dispatch=self._dispatch, **methods)
        return self

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return self._environment.globals[name]

    def features(
        self,
        definitions: Mapping[str, Any],
        events: str,
        moments: str | None = None,
        *,
        portable: bool = False,
    ) -> str:
        """SQL of `point_in_time_features`; `portable` asks for the running frames."""
        if portable:
            features = self.feature_definitions(definitions)
            return self.default__point_in_time_features(features, events, moments)
        return self.point_in_time_features(definitions, events, moments)

    def targets(
        self, horizon: str, events: str, as_of: str, moments: str | None, *, portable: bool = False
    ) -> str:
        """SQL of `point_in_time_targets` for the configured conversions."""
        write = self.default__point_in_time_targets if portable else self.point_in_time_targets
        return write(self.conversions(), horizon, events, as_of, moments)

    def _macro(self, name: str, source: str) -> Callable[..., Any]:
        template: list[Any] = []

        def call(*args: Any, **kwargs: Any) -> Any:
            if not template:
                template.append(getattr(self._environment.from_string(source).module, name))
            try:
                return str(template[0](*args, **kwargs))
            except _ReturnedError as returned:
                return returned.value

        return call

    def _dispatch(self, name: str, package: str) -> Callable[..., Any]:
        for prefix in self._prefixes:
            if f"{prefix}__{name}" in self._environment.globals:
                return self._environment.globals[f"{prefix}__{name}"]
        raise CompilationError(f"{package}.{name} is not written for {self._prefixes}")

    @staticmethod
    def _return(value: Any) -> NoReturn:
        raise _ReturnedError(value)

    @staticmethod
    def _raise(message: str) -> NoReturn:
        raise CompilationError(message)


def visitor_columns() -> dict[str, dict[str, Any]]:
    """Columns of the project's own visitor features, from their YAML: name -> its `meta`."""
    document = yaml.safe_load((ROOT / "models/features/feat_visitor.yml").read_text())
    columns = document["models"][0]["columns"]
    return {
        column["name"]: column["config"]["meta"]
        for column in columns
        if "feature" in column.get("config", {}).get("meta", {})
    }


def visitor_definitions() -> dict[str, Any]:
    """Definitions of the project's own visitor features."""
    return {name: meta["feature"] for name, meta in visitor_columns().items()}
