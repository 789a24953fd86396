"""`system.information_schema`, as far as dbt-databricks asks: what Spark's catalog knows."""

from __future__ import annotations

import re
from typing import Any

from pyspark.sql import SparkSession
from pyspark.sql.types import ArrayType, DataType, DecimalType, MapType, StructType

_TABLES = (
    "table_catalog string, table_schema string, table_name string, table_type string, "
    "data_source_format string, table_owner string, last_altered timestamp, comment string"
)
_COLUMNS = (
    "table_catalog string, table_schema string, table_name string, column_name string, "
    "ordinal_position int, full_data_type string, is_nullable string, comment string"
)
_VIEWS = (
    "table_catalog string, table_schema string, table_name string, view_definition string, "
    "is_materialized boolean"
)
_CONSTRAINED = (
    "constraint_catalog string, constraint_schema string, constraint_name string, "
    "table_catalog string, table_schema string, table_name string"
)
# Nothing of these is kept here: they are empty.
_EMPTY = {
    "table_tags": "catalog_name string, schema_name string, table_name string, tag_name string, "
    "tag_value string",
    "column_tags": "catalog_name string, schema_name string, table_name string, "
    "column_name string, tag_name string, tag_value string",
    "column_masks": "table_catalog string, table_schema string, table_name string, "
    "column_name string, mask_name string, using_columns string",
    "row_filters": "table_catalog string, table_schema string, table_name string, "
    "filter_name string, target_columns string",
    "table_constraints": f"{_CONSTRAINED}, constraint_type string",
    "key_column_usage": f"{_CONSTRAINED}, column_name string, ordinal_position int, "
    "position_in_unique_constraint int",
    "referential_constraints": "constraint_catalog string, constraint_schema string, "
    "constraint_name string, unique_constraint_catalog string, "
    "unique_constraint_schema string, unique_constraint_name string",
}
_REFERENCE = re.compile(
    r"(?:`?\w+`?\s*\.\s*)`?information_schema`?\s*\.\s*`?(?P<table>\w+)`?", re.IGNORECASE
)


class InformationSchema:
    """Answers by temporary views in the asking session.

    Parameters
    ----------
    catalog : str
        What Spark's catalog is called.
    """

    def __init__(self, catalog: str) -> None:
        self._catalog = catalog

    def replace(self, session: SparkSession, sql: str) -> str:
        """Point the references of a statement to views that hold the answer."""
        return _REFERENCE.sub(lambda found: self._view(session, found["table"].lower()), sql)

    def described(self, session: SparkSession, table: str) -> dict[str, Any]:
        """Describe a table as `DESCRIBE TABLE EXTENDED … AS JSON` does."""
        *where, name = table.replace("`", "").split(".")
        # What has no schema in its name is a temporary view.
        found = _table(session, where[-1], name) if where else None
        view = found is None or _is_view(found)
        text = {"view_text": found.viewText().get()} if view and found is not None else {}
        return {
            "table_name": name,
            "catalog_name": self._catalog,
            "schema_name": where[-1] if where else None,
            "namespace": where[-1:],
            "type": "VIEW" if view else "MANAGED",
            "provider": "" if view else "delta",
            "owner": "local",
            "comment": "" if found is None else _comment(found),
            "table_properties": {},
            "columns": [
                {
                    "name": field.name,
                    "type": _json_type(field.dataType),
                    "nullable": field.nullable,
                    "comment": field.metadata.get("comment"),
                }
                for field in session.table(table).schema.fields
            ],
            **text,
        }

    def _view(self, session: SparkSession, table: str) -> str:
        name = f"information_schema_{table}"
        rows: list[tuple[Any, ...]] = []
        if table == "tables":
            columns, rows = _TABLES, self._tables(session)
        elif table == "columns":
            columns, rows = _COLUMNS, self._columns(session)
        elif table == "views":
            columns, rows = _VIEWS, self._views(session)
        elif table in _EMPTY:
            columns = _EMPTY[table]
        else:
            raise ValueError(
                f"[TABLE_OR_VIEW_NOT_FOUND] information_schema.{table} (not in the stand-in)"
            )
        session.createDataFrame(rows, columns).createOrReplaceTempView(name)
        return name

    def _tables(self, session: SparkSession) -> list[tuple[Any, ...]]:
        return [
            (
                self._catalog, schema, name, "VIEW" if _is_view(found) else "MANAGED",
                "UNKNOWN" if _is_view(found) else "DELTA", "local", None, _comment(found),
            )
            for schema, name, found in _all(session)
        ]  # fmt: skip

    def _views(self, session: SparkSession) -> list[tuple[Any, ...]]:
        return [
            (self._catalog, schema, name, found.viewText().get(), False)
            for schema, name, found in _all(session)
            if _is_view(found)
        ]

    def _columns(self, session: SparkSession) -> list[tuple[Any, ...]]:
        return [
            (
                self._catalog, schema, name, field.name, position,
                field.dataType.simpleString(), "YES" if field.nullable else "NO",
                field.metadata.get("comment"),
            )
            for schema, name, _ in _all(session)
            for position, field in enumerate(
                session.table(f"spark_catalog.`{schema}`.`{name}`").schema.fields
            )
        ]  # fmt: skip


def _external(session: SparkSession) -> Any:
    return session._jsparkSession.sharedState().externalCatalog()  # pyright: ignore


def _table(session: SparkSession, schema: str, name: str) -> Any:
    return _external(session).getTable(schema, name)


def _all(session: SparkSession) -> list[tuple[str, str, Any]]:
    """Each table and view: schema, name, and what Spark's catalog has of it."""
    found = []
    for (schema,) in session.sql("show schemas in spark_catalog").collect():
        names = _external(session).listTables(schema)
        for index in range(names.size()):
            name = names.apply(index)
            found.append((schema, name, _table(session, schema, name)))
    return found


def _is_view(table: Any) -> bool:
    return table.tableType().name() == "VIEW"


def _comment(table: Any) -> str:
    return table.comment().get() if table.comment().isDefined() else ""


def _json_type(kind: DataType) -> dict[str, Any]:
    match kind:
        case StructType():
            fields = [
                {"name": f.name, "type": _json_type(f.dataType), "nullable": f.nullable}
                for f in kind.fields
            ]
            return {"name": "struct", "fields": fields}
        case ArrayType():
            return {"name": "array", "element_type": _json_type(kind.elementType)}
        case MapType():
            return {
                "name": "map",
                "key_type": _json_type(kind.keyType),
                "value_type": _json_type(kind.valueType),
            }
        case DecimalType():
            return {"name": "decimal", "precision": kind.precision, "scale": kind.scale}
        case _:
            name = kind.simpleString()
            return {"name": "timestamp_ltz" if name == "timestamp" else name}
