"""The SQL endpoint: Databricks' flavour of Hive's Thrift service, answered by Spark."""

from __future__ import annotations

import contextlib
import threading
import uuid
from collections.abc import Callable
from typing import Any, TypeVar

import pyarrow as pa
from databricks.sql.thrift_api.TCLIService import TCLIService
from databricks.sql.thrift_api.TCLIService import ttypes as t
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession
from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.transport.TTransport import TMemoryBuffer

from tests.emulators.databricks.statements import Answer, Statements

_TYPES = {
    "tinyint": t.TTypeId.TINYINT_TYPE,
    "smallint": t.TTypeId.SMALLINT_TYPE,
    "int": t.TTypeId.INT_TYPE,
    "bigint": t.TTypeId.BIGINT_TYPE,
    "float": t.TTypeId.FLOAT_TYPE,
    "double": t.TTypeId.DOUBLE_TYPE,
    "boolean": t.TTypeId.BOOLEAN_TYPE,
    "timestamp": t.TTypeId.TIMESTAMP_TYPE,
    "timestamp_ntz": t.TTypeId.TIMESTAMP_TYPE,
    "date": t.TTypeId.DATE_TYPE,
    "binary": t.TTypeId.BINARY_TYPE,
    "decimal": t.TTypeId.DECIMAL_TYPE,
    "array": t.TTypeId.ARRAY_TYPE,
    "map": t.TTypeId.MAP_TYPE,
    "struct": t.TTypeId.STRUCT_TYPE,
}
_Response = TypeVar("_Response")


class Service:
    """What `TCLIService.Processor` calls.

    Parameters
    ----------
    spark : SparkSession
        Each connection gets a session of its own from it.
    statements : Statements
        Answers what Spark cannot.
    """

    def __init__(self, spark: SparkSession, statements: Statements) -> None:
        self._spark = spark
        self._statements = statements
        self._sessions: dict[bytes, SparkSession] = {}
        self._lock = threading.Lock()
        self._processor = TCLIService.Processor(self)

    def process(self, body: bytes) -> bytes:
        """Answer one call as it came over HTTP."""
        answer = TMemoryBuffer()
        self._processor.process(TBinaryProtocol(TMemoryBuffer(body)), TBinaryProtocol(answer))
        return answer.getvalue()

    def OpenSession(self, asked: Any) -> Any:  # noqa: N802 - Thrift's names
        """Open a connection's session, in the catalog, schema and time zone that it names."""
        guid = uuid.uuid4().bytes
        session = self._spark.newSession()
        for name, value in (asked.configuration or {}).items():
            if name.lower() == "timezone":
                session.conf.set("spark.sql.session.timeZone", value)
        namespace = asked.initialNamespace
        if namespace and namespace.schemaName:
            with contextlib.suppress(PySparkException):  # dbt makes it later
                session.sql(f"use `{namespace.schemaName}`")
        with self._lock:
            self._sessions[guid] = session
        return t.TOpenSessionResp(
            status=_ok(),
            serverProtocolVersion=t.TProtocolVersion.SPARK_CLI_SERVICE_PROTOCOL_V7,
            canUseMultipleCatalogs=True,
            initialNamespace=namespace,
            sessionHandle=t.TSessionHandle(sessionId=t.THandleIdentifier(guid=guid, secret=guid)),
        )

    def CloseSession(self, asked: Any) -> Any:  # noqa: N802
        """Forget a connection's session."""
        with self._lock:
            self._sessions.pop(asked.sessionHandle.sessionId.guid, None)
        return t.TCloseSessionResp(status=_ok())

    def CloseOperation(self, asked: Any) -> Any:  # noqa: N802
        """Nothing is kept of an operation: its result went with the answer."""
        return t.TCloseOperationResp(status=_ok())

    def CancelOperation(self, asked: Any) -> Any:  # noqa: N802
        """As `CloseOperation`."""
        return t.TCancelOperationResp(status=_ok())

    def ExecuteStatement(self, asked: Any) -> Any:  # noqa: N802
        """Run a statement, and answer with all of its result."""
        session = self._session(asked)
        return self._answered(
            t.TExecuteStatementResp, lambda: self._statements.run(session, asked.statement)
        )

    def GetSchemas(self, asked: Any) -> Any:  # noqa: N802
        """Answer the schemas whose names match a pattern."""
        session = self._session(asked)

        def matching() -> Answer:
            wanted = (asked.schemaName or "%").lower()
            names = [row[0] for row in session.sql("show schemas").collect()]
            found = [name for name in names if wanted in ("%", "*", name.lower())]
            catalogs = pa.array([asked.catalogName] * len(found), pa.string())
            table = pa.table(
                {"TABLE_SCHEM": pa.array(found, pa.string()), "TABLE_CATALOG": catalogs}
            )
            return Answer(table, ["string"] * 2)

        return self._answered(t.TGetSchemasResp, matching)

    def _session(self, asked: Any) -> SparkSession:
        with self._lock:
            return self._sessions[asked.sessionHandle.sessionId.guid]

    def _answered(self, response: Callable[..., _Response], compute: Callable[[], Answer]) -> Any:
        try:
            answer = compute()
        # Whatever it is, it is answered: the connector repeats a request that is not.
        except Exception as error:
            message = str(error).split("\n\nJVM stacktrace")[0]
            status = t.TStatus(
                statusCode=t.TStatusCode.ERROR_STATUS,
                errorMessage=message,
                displayMessage=message,
                sqlState=getattr(error, "getSqlState", lambda: None)() or "42000",
            )
            return response(status=status)
        guid = uuid.uuid4().bytes
        operation = t.TOperationHandle(
            operationId=t.THandleIdentifier(guid=guid, secret=guid),
            operationType=t.TOperationType.EXECUTE_STATEMENT,
            hasResultSet=True,
        )
        return response(status=_ok(), operationHandle=operation, directResults=_direct(answer))


def _ok() -> Any:
    return t.TStatus(statusCode=t.TStatusCode.SUCCESS_STATUS)


def _direct(answer: Answer) -> Any:
    """Put a whole result into the answer, as Databricks does with small ones."""
    batches = [
        t.TSparkArrowBatch(batch=batch.serialize().to_pybytes(), rowCount=batch.num_rows)
        for batch in answer.table.to_batches()
        if batch.num_rows
    ]
    metadata = t.TGetResultSetMetadataResp(
        status=_ok(),
        schema=t.TTableSchema(
            columns=[
                t.TColumnDesc(columnName=name, position=index + 1, typeDesc=_described(kind))
                for index, (name, kind) in enumerate(
                    zip(answer.table.column_names, answer.types, strict=True)
                )
            ]
        ),
        resultFormat=t.TSparkRowSetType.ARROW_BASED_SET,
        lz4Compressed=False,
        arrowSchema=answer.table.schema.serialize().to_pybytes(),
        isStagingOperation=answer.is_staging,
    )
    rows = t.TRowSet(startRowOffset=0, rows=[], arrowBatches=batches)
    return t.TSparkDirectResults(
        operationStatus=t.TGetOperationStatusResp(
            status=_ok(), operationState=t.TOperationState.FINISHED_STATE
        ),
        resultSetMetadata=metadata,
        resultSet=t.TFetchResultsResp(status=_ok(), hasMoreRows=False, results=rows),
        closeOperation=t.TCloseOperationResp(status=_ok()),
    )


def _described(kind: str) -> Any:
    name, _, rest = kind.partition("(")
    name = name.partition("<")[0]
    entry = t.TPrimitiveTypeEntry(type=_TYPES.get(name, t.TTypeId.STRING_TYPE))
    if name == "decimal":
        precision, scale = (int(part) for part in rest.rstrip(")").split(","))
        entry.typeQualifiers = t.TTypeQualifiers(
            qualifiers={
                "precision": t.TTypeQualifierValue(i32Value=precision),
                "scale": t.TTypeQualifierValue(i32Value=scale),
            }
        )
    return t.TTypeDesc(types=[t.TTypeEntry(primitiveEntry=entry)])
