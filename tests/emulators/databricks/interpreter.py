"""One notebook in an isolated interpreter: `python -I interpreter.py < asked.json`.

What can be imported is the standard library, what serverless compute has (as far as we use it), and
the libraries that the notebook's environment declares, with what they require. What was installed
from a Volume or the workspace goes to the session too, where the functions that Spark runs find it;
as does what is not declared, which they do not find either.
"""

from __future__ import annotations

import email
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from isolation import forget_this_project, hide_undeclared, resolve, write_undeclared

RUNTIME = [
    "pyspark", "grpcio", "grpcio-status", "googleapis-common-protos", "protobuf",
    "numpy", "pandas", "pyarrow",
]  # fmt: skip


def requirements_of(installed: Path) -> list[str]:
    """Read what the distributions of a folder require, without their extras."""
    found: list[str] = []
    for metadata in installed.glob("*.dist-info/METADATA"):
        message = email.message_from_string(metadata.read_text())
        found += [line for line in message.get_all("Requires-Dist") or [] if "extra ==" not in line]
    return found


def connect(port: int, catalog: str) -> Any:
    """Open a session in which Spark's catalog goes by another name."""
    import grpc
    from pyspark.sql.connect.client import DefaultChannelBuilder
    from pyspark.sql.connect.session import SparkSession

    class Renames(grpc.UnaryStreamClientInterceptor, grpc.UnaryUnaryClientInterceptor):
        def intercept_unary_stream(
            self, continuation: Any, client_call_details: Any, request: Any
        ) -> Any:
            rename(request, catalog)
            return continuation(client_call_details, request)

        def intercept_unary_unary(
            self, continuation: Any, client_call_details: Any, request: Any
        ) -> Any:
            return self.intercept_unary_stream(continuation, client_call_details, request)

    channel = DefaultChannelBuilder(f"sc://127.0.0.1:{port}")
    channel.add_interceptor(Renames())
    return SparkSession.builder.channelBuilder(channel).create()


def rename(message: Any, catalog: str) -> None:
    """Replace the catalog's name in a request's table names and SQL."""
    named = re.compile(rf"(?<![.\w`])`?{re.escape(catalog)}`?(?=\.)")
    for field, value in message.ListFields():
        if field.type == field.TYPE_MESSAGE:
            if field.message_type.GetOptions().map_entry:
                continue
            for part in value if field.is_repeated else [value]:
                rename(part, catalog)
        elif field.name in ("unparsed_identifier", "table_name", "query", "sql"):
            setattr(message, field.name, named.sub("spark_catalog", value))


def main() -> None:
    """Run the notebook that standard input asks for."""
    asked: Mapping[str, Any] = json.load(sys.stdin)
    installed = [Path(folder) for folder in asked["installed"]]
    requirements = [*asked["requirements"]]
    for folder in installed:
        requirements += requirements_of(folder)
    try:
        known = resolve([*RUNTIME, *requirements])
    except LookupError as error:
        sys.exit(f"ERROR: No matching distribution found for {error.args[0]}")
    forget_this_project()
    undeclared = write_undeclared(Path.cwd(), hide_undeclared(known))
    sys.path[:0] = map(str, installed)
    spark = connect(asked["connect_port"], asked["catalog"])
    spark.addArtifacts(str(undeclared), pyfile=True)
    for folder in installed:
        spark.addArtifacts(f"{folder}.zip", pyfile=True)
    scope: dict[str, Any] = {"__name__": "__main__", "spark": spark, "dbutils": None}
    exec(compile(asked["source"], "<notebook>", "exec"), scope)
    spark.stop()


if __name__ == "__main__":
    main()
