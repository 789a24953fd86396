"""dbt against the stand-ins of Snowflake and Databricks, by unmodified adapters."""

from __future__ import annotations

import json
import subprocess
import sys
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import duckdb
import pandas as pd
import pyarrow as pa
import yaml

from tools import equality
from tools.equality import Tolerance
from tools.project import WIDE, Project

EXACT = Tolerance()
PRICING = {"all": [{"property": "page_url", "operator": "like", "value": "%pricing%"}]}
# All that can be asked for at once; the defaults are test_build's.
EVERYTHING: dict[str, Any] = {
    **WIDE,
    "min_judging_subjects": 1,
    "conversions": [
        {"name": "sign_up", "events": ["submit_form"]},
        {"name": "pricing", "events": ["page_view"], "criteria": PRICING},
    ],
    "churn_horizon": "P5D",
    "value": {"events": ["transaction"], "property": "tr_total", "horizon": "P7D"},
    "challenger_share": 0.25,
    "audience_readers": ["ANALYSTS"],
}


@dataclass
class Warehouse(Project):
    """A project whose warehouse is a stand-in.

    Parameters
    ----------
    port : int
        Where the stand-in listens.
    """

    port: int = 0

    @abstractmethod
    def connect(self) -> Any:
        """Open a connection of the unmodified connector."""

    @abstractmethod
    def load_events(self, files: str) -> None:
        """Make atomic.events of Parquet files, as Snowplow's loader would."""

    def _profile(self, engine: str, output: Mapping[str, Any]) -> None:
        """Write the profile: as in profiles.example.yml, but for the address."""
        outputs = {engine: {"type": engine, "threads": 4, **output}}
        profile = {"cdp": {"target": engine, "outputs": outputs}}
        (self.folder / "profiles.yml").write_text(yaml.safe_dump(profile))

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of a statement."""
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return [tuple(row) for row in cursor.fetchall()]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.query(query)

    def frame(self, table: str) -> pd.DataFrame:
        """All of a table, columns in lower case."""
        return self.table(table).to_pandas().rename(columns=str.lower)

    def run(self, *arguments: str, **variables: Any) -> subprocess.CompletedProcess[str]:
        """Run dbt, which has to succeed."""
        done = self.dbt(*arguments, **variables)
        assert done.returncode == 0, done.stdout[-6000:]
        return done

    def history(self) -> Any:
        """What the stand-in was asked."""
        with urlopen(f"http://127.0.0.1:{self.port}/emulator/history") as answer:
            return json.load(answer)

    @contextmanager
    def unchanged(self, *tables: str) -> Iterator[None]:
        """Compare what a build left with what it was before."""
        keys = equality.primary_keys(self)
        before = {table: self.table(table) for table in tables}
        assert [table for table, rows in before.items() if not rows.num_rows] == []
        yield
        for table, rows in before.items():
            result = equality.compare(table, keys[table], rows, self.table(table), EXACT)
            assert result.differs == [], table


@dataclass
class SnowflakeProject(Warehouse):
    """A project whose warehouse is the Snowflake stand-in.

    Parameters
    ----------
    database_name, schema : str
        What is built into.
    role : str
        Whose privileges dbt has; a role that CREATE ROLE made is held to its grants.
    """

    database_name: str = "DEV"
    schema: str = "CDP"
    role: str = "ACCOUNTADMIN"

    def __post_init__(self) -> None:
        super().__post_init__()
        output = {
            "account": "local", "host": "127.0.0.1", "port": self.port,
            "protocol": "http", "user": "runner", "password": "none", "role": self.role,
            "warehouse": "COMPUTE", "database": self.database_name, "schema": self.schema,
        }  # fmt: skip
        self._profile("snowflake", output)

    def connect(self, role: str | None = None) -> Any:
        """Open a connection of the unmodified connector; without a role, the administrator's."""
        import snowflake.connector

        return snowflake.connector.connect(
            account="local", user="test", password="none", host="127.0.0.1", port=self.port,
            protocol="http", database=self.database_name, schema=self.schema, role=role,
            warehouse="COMPUTE",
        )  # fmt: skip

    def load_events(self, files: str) -> None:
        """Make atomic.events of Parquet files; entities, as JSON text, become VARIANT."""
        self.query(f"create schema if not exists {self.database_name}.ATOMIC")
        target = f"{self.database_name}.ATOMIC.EVENTS"
        self.query(f"-- load\nCREATE OR REPLACE TABLE {target} FROM '{files}'")

    def query(self, sql: str, role: str | None = None) -> list[tuple[Any, ...]]:
        """Rows of a statement."""
        with self.connect(role) as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return [tuple(row) for row in cursor.fetchall()]

    def administer(self, said: str) -> None:
        """Run the statements that a run-operation showed, as an administrator would."""
        for line in said.splitlines():
            if line.endswith(";"):
                self.query(line.partition("  ")[2].removesuffix(";"))

    def table(self, name: str) -> pa.Table:
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"select * from {name}")
            return cursor.fetch_arrow_all(force_return_table=True)


@dataclass
class DatabricksProject(Warehouse):
    """A project whose warehouse is the Databricks stand-in.

    Parameters
    ----------
    database_name, schema : str
        Catalog and schema that are built into.
    """

    database_name: str = "main"
    schema: str = "cdp"

    def __post_init__(self) -> None:
        super().__post_init__()
        output = {
            "host": f"http://127.0.0.1:{self.port}",
            "http_path": "/sql/1.0/warehouses/standin", "token": "none",
            "catalog": self.database_name, "schema": self.schema,
            "session_properties": {"timezone": "UTC"},
            "connection_parameters": self._address(),
        }  # fmt: skip
        self._profile("databricks", output)

    def _address(self) -> dict[str, Any]:
        return {
            "_connection_uri": f"http://127.0.0.1:{self.port}/thrift",
            "_retry_stop_after_attempts_count": 2, "enable_telemetry": False,
            "staging_allowed_local_path": str(self.root),
        }  # fmt: skip

    def connect(self) -> Any:
        """Open a connection of the unmodified connector."""
        from databricks import sql

        return sql.connect(
            server_hostname="127.0.0.1", http_path="/sql/1.0/warehouses/standin",
            access_token="none", schema=self.schema, **self._address(),
        )  # fmt: skip

    def load_events(self, files: str) -> None:
        """Make atomic.events of Parquet files, as Snowplow's loader does: times are TIMESTAMP."""
        columns = self.query(f"describe query select * from parquet.`{files}`")
        selected = ", ".join(
            f"cast({name} as timestamp) as {name}" if kind == "timestamp_ntz" else name
            for name, kind, _ in columns
        )
        self.query(f"create schema if not exists {self.database_name}.atomic")
        self.query(
            f"create or replace table {self.database_name}.atomic.events as "
            f"select {selected} from parquet.`{files}`"
        )

    def table(self, name: str) -> pa.Table:
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"select * from {name}")
            return cursor.fetchall_arrow()


def simulated(folder: Path, entity_format: str, events: int, days: int = 90) -> str:
    """Simulate events, and return the glob of their files."""
    cdp = Path(sys.executable).with_name("cdp")
    command = [cdp, "simulate", "--out", folder, "--events", events, "--days", days, "--seed", 7]
    command += ["--entity-format", entity_format, "--quiet", "--force"]
    subprocess.run([str(part) for part in command], check=True)
    return f"{folder}/events/**/*.parquet"


def with_orders(files: str, path: Path) -> Path:
    """Write events with an order after every second look at prices."""
    duckdb.sql(
        f"""
        copy (
            select * from '{files}' union all by name
            select * replace (
                'order-' || event_id as event_id, 'transaction' as event_name,
                derived_tstamp + interval 5 minutes as derived_tstamp,
                collector_tstamp + interval 5 minutes as collector_tstamp,
                20.0 + hash(domain_userid) % 100 as tr_total
            )
            from '{files}' where event_name = 'page_view' and page_url like '%pricing%'
                and hash(event_id) % 2 = 0
        ) to '{path}'
        """
    )
    return path
