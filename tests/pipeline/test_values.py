"""How a value of the source is read: as it is meant, or not at all, and the same on each engine."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import yaml

from tests.pipeline.features import engines
from tests.pipeline.features.engines import DuckDB, Engine
from tools.rendering import ROOT, Macros

pytestmark = [
    # py4j leaves the sockets that results came through to the garbage collector.
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
    # The Snowflake connector's vendored requests knows fewer releases than are installed.
    pytest.mark.filterwarnings("ignore:urllib3 .* doesn't match a supported version"),
    # fakesnow 0.12 reads results from DuckDB 2 in a way that DuckDB calls slow.
    pytest.mark.filterwarnings("ignore:Arrow output on a DB-API result:UserWarning"),
]

ENGINES = ["duckdb", "snowflake", "databricks"]
ENTITIES = yaml.safe_load((ROOT / "dbt_project.yml").read_text())["vars"]["entities"]
TEXT = {"duckdb": "varchar", "snowflake": "varchar", "databricks": "string"}
OFFSETS = [timezone(timedelta(minutes=m)) for m in (0, 60, 120, 330, 765, -300, -480, -210)]


@pytest.fixture(scope="module")
def spark() -> Iterator[Engine]:
    with engines.spark() as engine:
        yield engine


@pytest.fixture(scope="module")
def fakesnow() -> Iterator[Engine]:
    with engines.snowflake() as engine:
        yield engine


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Engine:
    if request.param == "duckdb":
        return DuckDB(portable=False)
    name = {"snowflake": "fakesnow", "databricks": "spark"}[request.param]
    return request.getfixturevalue(name)


def literal(engine: Engine, text: str | None) -> str:
    if text is None:
        return f"cast(null as {TEXT[engine.dialect]})"
    quoted = text.replace("'", "''")
    return "'" + (quoted if engine.dialect == "duckdb" else quoted.replace("\\", "\\\\")) + "'"


def read(engine: Engine, type_: str, texts: list[str | None], **variables: Any) -> list[Any]:
    """What a text column of these values is read as, in their order."""
    typed = Macros(engine.dialect, **variables).typed_column(
        {"name": "given", "type": TEXT[engine.dialect]}, type_
    )
    rows = ", ".join(f"({place}, {literal(engine, text)})" for place, text in enumerate(texts))
    found = engine.rows(
        f"select place, {typed} as typed from (values {rows}) as texts (place, given)"
    )
    by_place = {row["place"]: row["typed"] for row in found}
    return [by_place[place] for place in range(len(texts))]


def offset(at: datetime, colon: str, minutes: bool = True) -> str:
    seconds = int((at.utcoffset() or timedelta()).total_seconds())
    hours, rest = divmod(abs(seconds) // 60, 60)
    return f"{'+-'[seconds < 0]}{hours:02d}" + (f"{colon}{rest:02d}" if minutes else "")


def whole_hours(at: datetime) -> bool:
    return (at.utcoffset() or timedelta()) % timedelta(hours=1) == timedelta()


def is_utc(at: datetime) -> bool:
    return not at.utcoffset()


def always(_: datetime) -> bool:
    return True


# Spelling of a moment with an offset, and the moments for which it says all.
Spelling = tuple[Callable[[datetime], str], Callable[[datetime], bool]]
READ: dict[str, Spelling] = {
    "iso": (lambda t: t.isoformat(), always),
    "iso, a blank": (lambda t: t.isoformat(sep=" "), always),
    "offset without colon": (lambda t: f"{t:%Y-%m-%dT%H:%M:%S.%f}" + offset(t, ""), always),
    "offset after a blank": (lambda t: f"{t:%Y-%m-%d %H:%M:%S.%f} " + offset(t, ""), always),
    "offset and colon after a blank": (
        lambda t: f"{t:%Y-%m-%d %H:%M:%S.%f} " + offset(t, ":"),
        always,
    ),
    "hours of an offset": (
        lambda t: f"{t:%Y-%m-%d %H:%M:%S.%f}" + offset(t, "", minutes=False),
        whole_hours,
    ),
    "go": (lambda t: f"{t:%Y-%m-%d %H:%M:%S.%f} +0000 UTC", is_utc),
    "go, elsewhere": (lambda t: f"{t:%Y-%m-%d %H:%M:%S.%f} {offset(t, '')} CEST", always),
    "java": (lambda t: f"{t:%Y-%m-%dT%H:%M:%S.%f}{offset(t, ':')}[Europe/Berlin]", always),
    "java, utc": (lambda t: f"{t:%Y-%m-%dT%H:%M:%S.%f}Z[UTC]", is_utc),
    "plain": (lambda t: f"{t:%Y-%m-%d %H:%M:%S.%f}", is_utc),
    "nine digits": (lambda t: f"{t:%Y-%m-%d %H:%M:%S.%f}000", is_utc),
    "slashes": (lambda t: f"{t:%Y/%m/%d %H:%M:%S.%f}", is_utc),
    "z": (lambda t: f"{t:%Y-%m-%dT%H:%M:%S.%f}Z", is_utc),
    "small z": (lambda t: f"{t:%Y-%m-%dt%H:%M:%S.%f}z", is_utc),
    "utc": (lambda t: f"{t:%Y-%m-%d %H:%M:%S.%f} UTC", is_utc),
    "gmt": (lambda t: f"{t:%Y-%m-%d %H:%M:%S.%f}GMT", is_utc),
    "blanks around": (lambda t: f"  {t:%Y-%m-%d %H:%M:%S.%f} ", is_utc),
    "am, pm": (lambda t: f"{t:%Y-%m-%d %I:%M:%S.%f %p}", is_utc),
    "am, pm, together": (lambda t: f"{t:%Y-%m-%d %I:%M:%S.%f}{t:%p}".lower(), is_utc),
    "am, pm, one digit": (
        lambda t: f"{t.year}-{t.month}-{t.day} {t.hour % 12 or 12}:{t:%M:%S.%f %p}",
        is_utc,
    ),
    "am, pm and an offset": (lambda t: f"{t:%Y-%m-%d %I:%M:%S.%f %p} {offset(t, ':')}", always),
    "microseconds": (lambda t: str(epoch_us(t)), always),
    "milliseconds": (lambda t: f"{epoch_us(t) // 1000}.{epoch_us(t) % 1000:03d}", always),
    "seconds": (lambda t: f"{epoch_us(t) // 10**6}.{epoch_us(t) % 10**6:06d}", always),
    "nanoseconds": (lambda t: f"{epoch_us(t)}999", always),
}
# They say another moment than the clock in front, or none, or one of several.
REFUSED: dict[str, Callable[[datetime], str]] = {
    "zone": lambda t: f"{t:%Y-%m-%d %H:%M:%S.%f} America/New_York",
    "abbreviation": lambda t: f"{t:%Y-%m-%d %H:%M:%S} PST",
    "british": lambda t: f"{t:%Y-%m-%d %H:%M:%S} BST",
    "contradiction": lambda t: f"{t:%Y-%m-%d %H:%M:%S} +0500 UTC",
    "half a day twice": lambda t: f"{t:%Y-%m-%d} 14:{t:%M:%S} PM",
    "hour 24": lambda t: f"{t:%Y-%m-%d} 24:{t:%M:%S}",
    "minute 60": lambda t: f"{t:%Y-%m-%d} 10:60:00",
    "no such day": lambda t: f"{t.year}-02-30 10:00:00",
    "no such month": lambda t: f"{t.year}-13-01 10:00:00",
    "day or month first": lambda t: f"{t:%d/%m/%Y %H:%M:%S}",
    "day or month first, dashes": lambda t: f"{t:%m-%d-%Y}",
    "two digits of a year": lambda t: f"{t:%d/%m/%y %H:%M}",
    "yyyymmdd": lambda t: f"{t:%Y%m%d}",
    "yyyymmddhh": lambda t: f"{t:%Y%m%d%H}",
    "yyyymmddhhmm": lambda t: f"{t:%Y%m%d%H%M}",
    "yyyymmddhhmmss": lambda t: f"{t:%Y%m%d%H%M%S}",
    "spreadsheet": lambda t: f"{(t - datetime(1899, 12, 30, tzinfo=UTC)) / timedelta(days=1):.5f}",
    "words": lambda t: f"{t:%d %b %Y %H:%M:%S}",
    "mail": lambda t: f"{t:%a, %d %b %Y %H:%M:%S} GMT",
    "offset of a day alone": lambda t: f"{t:%Y-%m-%d}+02:00",
    "something behind": lambda t: f"{t:%Y-%m-%d %H:%M:%S} x",
    "range": lambda t: f"{t:%Y-%m-%d %H:%M:%S} - 11:00:00",
    "infinity": lambda _: "infinity",
    "now": lambda _: "now",
    "epoch": lambda _: "epoch",
    "zero": lambda _: "0",
}


def epoch_us(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def moments(number: int) -> list[datetime]:
    """Moments of 2001 to 2033 with an offset; midnights, noons and leap days among them."""
    dice = random.Random(12)
    start = datetime(2001, 9, 10, tzinfo=UTC)
    found = [
        (start + timedelta(microseconds=dice.randrange(10**15))).astimezone(dice.choice(OFFSETS))
        for _ in range(number)
    ]
    hours = (0, 1, 11, 12, 13, 23)
    return found + [datetime(2024, 2, 29, hour, 30, 0, 1, tzinfo=UTC) for hour in hours]


def test_a_moment_in_any_spelling_is_that_moment(engine: Engine) -> None:
    told = [
        (name, spell(at), at.astimezone(UTC).replace(tzinfo=None))
        for name, (spell, says_all) in READ.items()
        for at in moments(20)
        if says_all(at)
    ]
    found = read(engine, "timestamp", [text for _, text, _ in told])
    assert [
        (name, text, typed)
        for (name, text, at), typed in zip(told, found, strict=True)
        if typed != at
    ] == []
    assert {name for name, _, _ in told} == set(READ)


def test_what_can_mean_another_moment_is_none(engine: Engine) -> None:
    told = [(name, spell(at)) for name, spell in REFUSED.items() for at in moments(4)]
    found = read(engine, "timestamp", [text for _, text in told])
    assert [x for x, typed in zip(told, found, strict=True) if typed is not None] == []


@pytest.mark.parametrize(("order", "days"), [("dmy", "%d/%m/%Y"), ("mdy", "%m/%d/%Y")])
def test_the_order_of_days_can_be_said(engine: Engine, order: str, days: str) -> None:
    at = datetime(2024, 4, 3, 14, 5, 6)
    texts = [
        f"{at:{days} %H:%M:%S}", f"{at:{days} %I:%M:%S %p}", f"{at:{days} %H:%M:%S} +0000",
        f"{at:{days.replace('/', '.')} %H:%M:%S}", f"{at:{days} %H:%M:%S}".replace("0", "", 1),
        f"{at:%Y-%m-%d %H:%M:%S}",
    ]  # fmt: skip
    assert read(engine, "timestamp", [*texts], date_order=order) == [at] * len(texts)
    day_13 = datetime(2024, 1, 13)
    other = "%m/%d/%Y" if order == "dmy" else "%d/%m/%Y"
    texts = [f"{day_13:{days}}", f"{day_13:{other}}", f"{day_13:%d/%m/%y}"]
    assert read(engine, "timestamp", [*texts], date_order=order) == [day_13, None, None]


def test_numbers_and_booleans_are_read_as_they_are_written(engine: Engine) -> None:
    floats = {
        "1": 1.0, "-1.5": -1.5, " 2.50 ": 2.5, ".5": 0.5, "1e3": 1000.0, "+7.": 7.0,
        "1,5": None, "1.234,50": None, "1 000": None, "12%": None, "0x10": None, "1_000": None,
        "1.5d": None, "NaN": None, "nan": None, "inf": None, "-Infinity": None, "1e999": None,
        "NULL": None, "": None,
    }  # fmt: skip
    assert read(engine, "float", [*floats]) == list(floats.values())
    integers = {
        "12": 12, "-3": -3, " 4 ": 4, "12.0": 12, "12.7": None, "1e3": None,
        "99999999999999999999": None, "x": None, "0x10": None, "true": None, "\\N": None,
    }  # fmt: skip
    assert read(engine, "integer", [*integers]) == list(integers.values())
    booleans = {
        "true": True, "FALSE": False, "t": True, "no": False, "1": True, "0": False,
        "on": None, "2": None, "undefined": None,
    }  # fmt: skip
    assert read(engine, "boolean", [*booleans]) == list(booleans.values())


def test_null_markers_are_no_texts(engine: Engine) -> None:
    texts = ["\\N", "NULL", "null", "undefined", "NaN", "None", "", None]
    assert read(engine, "text", [*texts]) == [None] * len(texts)
    kept = ["Nulla", "none", "n/a", "0", "Jean None", " x "]
    assert read(engine, "text", [*kept]) == kept
    assert read(engine, "text", ["n/a", "NULL", ""], null_markers=["n/a"]) == [None, "NULL", None]


def test_columns_of_numbers(engine: Engine) -> None:
    macros = Macros(engine.dialect)

    def typed(sql: str, column: str, type_: str) -> Any:
        given = {"name": "given", "type": column}
        unread = macros.unread_condition(given, type_) or "false"
        (row,) = engine.rows(
            f"select {macros.typed_column(given, type_)} as typed, {unread} as unread "
            f"from (select {sql} as given) as numbers"
        )
        return row["typed"], row["unread"]

    at = datetime(2024, 3, 1, 0, 0, 0, 123_000)
    for number in ("1709251200123", "1709251200123000", "1709251200123000000"):
        assert typed(f"cast({number} as bigint)", "bigint", "timestamp") == (at, False)
    assert typed("cast(1709251200.123 as double)", "double", "timestamp") == (at, False)
    for number in ("20240301", "2024030112", "45352", "0", "-1709251200"):
        assert typed(f"cast({number} as bigint)", "bigint", "timestamp") == (None, True)
    for number in ("NaN", "inf", "-inf"):
        assert typed(f"cast('{number}' as double)", "double", "float") == (None, True)
        assert typed(f"cast('{number}' as double)", "double", "integer") == (None, True)
        assert typed(f"cast('{number}' as double)", "double", "timestamp") == (None, True)
    assert typed("cast(2.5 as double)", "double", "float") == (2.5, False)
    assert typed("cast(2.5 as double)", "double", "integer") == (None, True)
    assert typed("cast(2 as double)", "double", "integer") == (2, False)
    assert typed("cast(1 as bigint)", "bigint", "boolean") == (True, False)
    assert typed("cast(2 as bigint)", "bigint", "boolean") == (None, True)
    assert typed("cast(null as double)", "double", "float")[0] is None


ONE, WRAPPED = '{"formId":"x"}', '{"schema":"s","data":{"form_id":"x"}}'
# How one entity, or the data of one event, is stored: (type, value).
FORMS = {
    "duckdb": [
        ("varchar", f"'[{ONE}]'"),
        ("varchar", f"'{ONE}'"),
        ("varchar", f"'[{WRAPPED}]'"),
        ("json", f"'{WRAPPED}'::json"),
        ("struct(form_id varchar)[]", "[{form_id:'x'}]"),
        ("struct(formid varchar)", "{formId:'x'}"),
        ("map(varchar, varchar)", "map {'formId':'x'}"),
        ("map(varchar, varchar)[]", "[map {'form_id':'x'}]"),
        (
            "struct(schema varchar, data struct(form_id varchar))[]",
            "[{schema:'s', data:{form_id:'x'}}]",
        ),
    ],
    "snowflake": [
        ("varchar", f"'[{ONE}]'"),
        ("varchar", f"'{WRAPPED}'"),
        ("variant", f"parse_json('[{ONE}]')"),
        ("variant", f"parse_json('{WRAPPED}')"),
        ("array", f"parse_json('[{ONE}]')"),
        ("array", f"parse_json('[{WRAPPED}]')"),
        ("object", f"parse_json('{ONE}')"),
    ],
    "databricks": [
        ("string", f"'[{ONE}]'"),
        ("string", f"'{WRAPPED}'"),
        ("variant", f"parse_json('[{ONE}]')"),
        ("array<struct<form_id:string>>", "array(named_struct('form_id', 'x'))"),
        ("array<struct<formid:string>>", "array(named_struct('formId', 'x'))"),
        ("struct<form_id:string>", "named_struct('form_id', 'x')"),
        ("map<string,string>", "map('formId', 'x')"),
        ("array<map<string,string>>", "array(map('form_id', 'x'))"),
        (
            "array<struct<schema:string,data:struct<form_id:string>>>",
            "array(named_struct('schema', 's', 'data', named_struct('form_id', 'x')))",
        ),
    ],
}


def test_an_entity_in_any_form_is_read(engine: Engine) -> None:
    macros = Macros(engine.dialect)

    def told(kind: str, value: str) -> tuple[Any, ...]:
        column = {"name": "own", "type": kind}
        (row,) = engine.rows(
            f"select {macros.entity_field([column], 'form_id')} as field, "
            f"{macros.entity_field([column], 'other')} as other, "
            f"{macros.has_entity([column])} as has, {macros.entity_is_there([column])} as there "
            f"from (select {value} as own) as given"
        )
        return tuple(row.values())

    for kind, value in FORMS[engine.dialect]:
        assert told(kind, value) == ("x", None, True, True), (kind, value)
    for nothing in ("[]", "{}", "null", "", "NULL"):
        assert told(TEXT[engine.dialect], f"'{nothing}'") == (None, None, False, False)
    for broken in ("[{bad", "abc"):
        assert told(TEXT[engine.dialect], f"'{broken}'") == (None, None, False, True)


def test_entities_are_found_in_contexts_by_their_schema(engine: Engine) -> None:
    own = {name: ENTITIES[name] for name in ("web_page", "yauaa")}
    macros = Macros(engine.dialect, entities=own)
    text = TEXT[engine.dialect]
    columns = {name: {"name": name, "type": text} for name in ("contexts", "derived_contexts")}
    events = {"columns": columns}
    schema = "iglu:com.snowplowanalytics.snowplow/web_page/jsonschema/1-0-"
    entities = ", ".join(
        f'{{"schema":"{name}","data":{{"id":"{value}"}}}}'
        for name, value in (
            ("iglu:a/b/jsonschema/1-0-0", "no"),
            (schema + "0", "x"),
            (schema + "1", "2"),
        )
    )
    wrapped = f'{{"schema":"c","data":[{entities}]}}'
    page, other = (macros.entity_sources(events, name) for name in ("web_page", "yauaa"))
    for contexts, derived, found in (
        (wrapped, "", "x"), ("", wrapped, "x"), (f"[{entities}]", "x", "x"), ("{bad", wrapped, "x"),
        ("[]", "{}", None),
    ):  # fmt: skip
        rows = engine.rows(
            f"select {macros.entity_field(page, 'id')} as id, {macros.has_entity(other)} as other "
            f"from (select *{macros.entities_in_contexts(events)} from "
            f"(select '{contexts}' as contexts, '{derived}' as derived_contexts) as a) as b"
        )
        assert rows == [{"id": found, "other": False}]
