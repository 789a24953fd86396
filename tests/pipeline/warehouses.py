"""dbt against the stand-ins of Snowflake and Databricks, by unmodified adapters."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import yaml

from tests.pipeline.project import Project


@dataclass
class SnowflakeProject(Project):
    """A project whose warehouse is the Snowflake stand-in.

    Parameters
    ----------
    port : int
        Where the stand-in listens.
    database_name, schema : str
        What is built into.
    role : str
        Whose privileges dbt has; a role that CREATE ROLE made is held to its grants.
    """

    port: int = 0
    database_name: str = "DEV"
    schema: str = "CDP"
    role: str = "ACCOUNTADMIN"

    def __post_init__(self) -> None:
        """Write the profile: as in profiles.example.yml, but for the address."""
        super().__post_init__()
        output = {
            "type": "snowflake", "account": "local", "host": "127.0.0.1", "port": self.port,
            "protocol": "http", "user": "runner", "password": "none", "role": self.role,
            "warehouse": "COMPUTE", "database": self.database_name, "schema": self.schema,
            "threads": 4,
        }  # fmt: skip
        profile = {"cdp": {"target": "snowflake", "outputs": {"snowflake": output}}}
        (self.folder / "profiles.yml").write_text(yaml.safe_dump(profile))

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

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.query(query)

    def table(self, name: str) -> pa.Table:
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"select * from {name}")
            return cursor.fetch_arrow_all(force_return_table=True)

    def frame(self, table: str) -> pd.DataFrame:
        """All of a table, columns in lower case."""
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"select * from {table}")
            return cursor.fetch_pandas_all().rename(columns=str.lower)

    def run(self, *arguments: str, **variables: Any) -> subprocess.CompletedProcess[str]:
        """Run dbt, which has to succeed."""
        done = self.dbt(*arguments, **variables)
        assert done.returncode == 0, done.stdout[-6000:]
        return done


@dataclass
class DatabricksProject(Project):
    """A project whose warehouse is the Databricks stand-in.

    Parameters
    ----------
    port : int
        Where the stand-in listens.
    database_name, schema : str
        Catalog and schema that are built into.
    """

    port: int = 0
    database_name: str = "main"
    schema: str = "cdp"

    def __post_init__(self) -> None:
        """Write the profile: as in profiles.example.yml, but for the address."""
        super().__post_init__()
        output = {
            "type": "databricks", "host": f"http://127.0.0.1:{self.port}",
            "http_path": "/sql/1.0/warehouses/standin", "token": "none",
            "catalog": self.database_name, "schema": self.schema, "threads": 4,
            "session_properties": {"timezone": "UTC"},
            "connection_parameters": self._address(),
        }  # fmt: skip
        profile = {"cdp": {"target": "databricks", "outputs": {"databricks": output}}}
        (self.folder / "profiles.yml").write_text(yaml.safe_dump(profile))

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

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of a statement."""
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return [tuple(row) for row in cursor.fetchall()]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.query(query)

    def table(self, name: str) -> pa.Table:
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"select * from {name}")
            return cursor.fetchall_arrow()

    def frame(self, table: str) -> pd.DataFrame:
        """All of a table."""
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"select * from {table}")
            return cursor.fetchall_arrow().to_pandas()

    def run(self, *arguments: str, **variables: Any) -> subprocess.CompletedProcess[str]:
        """Run dbt, which has to succeed."""
        done = self.dbt(*arguments, **variables)
        assert done.returncode == 0, done.stdout[-6000:]
        return done


def simulated(folder: Path, entity_format: str, events: int, days: int = 90) -> str:
    """Simulate events, and return the glob of their files."""
    import sys

    cdp = Path(sys.executable).with_name("cdp")
    command = [cdp, "simulate", "--out", folder, "--events", events, "--days", days, "--seed", 7]
    command += ["--entity-format", entity_format, "--quiet", "--force"]
    subprocess.run([str(part) for part in command], check=True)
    return f"{folder}/events/**/*.parquet"
