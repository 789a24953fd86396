"""Files are read as they are written, whatever the order of their rows, or refused by name.

The reader's own macros run here on DuckDB, without dbt; test_reading_events.py has the builds.
"""

from __future__ import annotations

import gzip
import itertools
import json
from pathlib import Path

import duckdb
import pytest

from tools.file_reader import FileReader
from tools.rendering import CompilationError

SECRET = "jane@example.com"
ABC = ["a", "b", "c"]


def write(path: Path, text: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def ndjson(path: Path, rows: list[dict[str, object]]) -> Path:
    return write(path, "".join(json.dumps(row) + "\n" for row in rows))


@pytest.mark.parametrize("reverse", [False, True])
def test_keys_and_values_that_come_late_are_read_in_any_order(
    tmp_path: Path, reverse: bool
) -> None:
    rows: list[dict[str, object]] = [{"a": f"{n:05d}", "b": None} for n in range(25_000)]
    late = {"a": "x", "b": "D1A0", "c": {"id": 1}, "D": [1.0, "x"]}
    rows = [late, *rows] if reverse else [*rows, late]
    path = ndjson(tmp_path / "late.ndjson", rows)
    reader = FileReader(ABC)
    assert reader.rows(path, "*", "b, a")[0] == ('[1.0,"x"]', "x", "D1A0", '{"id":1}')
    assert reader.rows(path, "count(*), count(b), count(c), count(d)") == [(25_001, 1, 1, 1)]
    assert set(reader.types(path).values()) == {"varchar"}


def test_json_text_is_not_rewritten(tmp_path: Path) -> None:
    texts = ["D1A0-F", "03-04-2024", "10:15", "2024-01-02T10:00:00+02:00", "007", "NULL", "\\N", ""]
    rows: list[dict[str, object]] = [{"a": f"{n}", "b": text} for n, text in enumerate(texts)]
    rows += [{"a": "8", "b": 12345678901234567890123}, {"a": "9", "b": True}]
    path = ndjson(tmp_path / "texts.ndjson", rows)
    read = [row[0] for row in FileReader(ABC).rows(path, "b", "a")]
    assert read == [*texts, "12345678901234567890123", "true"]


def test_json_in_every_layout_and_with_keys_in_any_case(tmp_path: Path) -> None:
    write(tmp_path / "1.json", '[\n {"a": "1", "b": "x"},\n {"a": "2"}\n]')
    write(tmp_path / "2.json", '{\n "A": "3"\n}\n{\n "a": "4", "it\'s \\"c\\"": "y"\n}')
    write(tmp_path / "3.jsonl", '{"B": "z", "A": "5"}\n\n{"a": "6", "a": "7"}\n')
    with gzip.open(tmp_path / "4.ndjson.gz", "wt") as file:
        file.write('{"a": "8"}\n')
    write(tmp_path / "5.json", "")
    rows = FileReader(ABC).rows(tmp_path, '"a", "b", "it\'s ""c"""')
    assert [row[0] for row in rows] == ["1", "2", "3", "4", "5", "6", "8"]
    assert rows[0][1] == "x"
    assert rows[3][2] == "y"
    assert rows[4][1] == "z"


def test_an_object_of_many_keys_is_a_row(tmp_path: Path) -> None:
    row: dict[str, object] = {"a": "1", **{f"key_{n}": n for n in range(300)}}
    assert FileReader(ABC).rows(ndjson(tmp_path / "wide.json", [row]), "a, key_299") == [
        ("1", "299")
    ]


def csv_text(rows: list[list[str]], delimiter: str, escape: str) -> str:
    quoted = [['"' + text.replace('"', escape + '"') + '"' for text in row] for row in rows]
    return "".join(delimiter.join(row) + "\n" for row in [ABC, *quoted])


ROWS = [["1", 'The "best" hats,; | \t', '[{"id":"pv\n1"}]'], ["2", "", "it's"]]


@pytest.mark.parametrize("escape", ['"', "\\"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("ending", ["csv", "tsv", "txt", "csv.gz", "gz"])
def test_the_header_tells_the_delimiter_and_all_rows_the_quotes(
    tmp_path: Path, delimiter: str, escape: str, ending: str
) -> None:
    text = csv_text(ROWS, delimiter, escape).encode()
    path = write(
        tmp_path / f"events.{ending}", gzip.compress(text) if ending.endswith("gz") else text
    )
    right = [tuple(text or None for text in row) for row in ROWS]
    assert FileReader(ABC).rows(path, "*") == right


def test_a_quote_that_comes_late_is_read_in_any_order(tmp_path: Path) -> None:
    plain = [[f"{n:05d}", "x", "y"] for n in range(25_000)]
    lines = [",".join(row) for row in plain] + ['99999,"a ""b"", c",d']
    right = [("99999", 'a "b", c', "d")]
    for number, ordered in enumerate([lines, lines[::-1]]):
        path = write(tmp_path / f"{number}.csv", "\n".join(["a,b,c", *ordered]))
        assert FileReader(ABC).rows(path, "*", "a desc")[:1] == right


def test_files_that_differ_are_read_by_name_in_any_order(tmp_path: Path) -> None:
    texts = [
        "a,b,c\n1,x,y\n",
        "C;A\ny;2\n",
        "\ufeffb\ta\r\nx\t3\r\n",
        '\n\n" a " , b\n4,\\N\n\n',
        'a,b\n5,"{\\"x\\": \\"y\\"}"\n',
        "",
        "a,b,c\n",
        "a,größe,,\n6,1,2,3",
    ]
    right = [
        ("1", "x", "y"), ("2", None, "y"), ("3", "x", None), ("4", "\\N", None),
        ("5", '{"x": "y"}', None), ("6", None, None),
    ]  # fmt: skip
    for number, order in enumerate([texts, texts[::-1]]):
        for place, text in enumerate(order):
            write(tmp_path / f"{number}" / f"{place}.csv", text)
        assert FileReader(ABC).rows(tmp_path / f"{number}", "a, b, c") == right


def test_names_with_wildcards_hidden_files_and_folders_that_are_columns(tmp_path: Path) -> None:
    write(tmp_path / "e[1]*" / "c=shop" / "x[1].csv", "a,b\n1,2\n")
    write(tmp_path / "e[1]*" / "c=__HIVE_DEFAULT_PARTITION__" / "y.csv", "a,b\n2,2\n")
    for hidden in [".x.csv", "_temporary/z.csv", "__MACOSX/z.csv", ".tmp/z.csv", "README.txt"]:
        write(tmp_path / "e[1]*" / hidden, "a,b\n3,3\n")
    folder = tmp_path / "e[1]*"
    assert FileReader(ABC).rows(folder, "a, b, c") == [("1", "2", "shop"), ("2", "2", None)]
    assert FileReader(["a"]).rows(folder / "c=shop" / "x[1].csv", "*") == [("1", "2")]


def test_parquet_files_of_different_types_are_read(tmp_path: Path) -> None:
    for number, select in enumerate([
        "1::bigint as a, 'x' as b, [{'id': 1}] as c, timestamp '2024-01-01' as t, 1 as same",
        "2.0::double as A, 3 as b, [{'id': 1, 'y': 'z'}] as c,"
        " timestamptz '2024-01-01 00:00+02' as t, 2::bigint as same",
        "'3' as a, 'D1A0'::blob as b, null::varchar as c, 'today' as t, 3::smallint as same",
    ]):  # fmt: skip
        duckdb.sql(f"copy (select {select}) to '{tmp_path / f'{number}.parquet'}'")
    reader = FileReader(ABC)
    assert reader.rows(tmp_path, "a, b, c, t") == [
        ("1", "x", '[{"id":1}]', "2024-01-01 00:00:00"),
        ("2", "3", '[{"id":1,"y":"z"}]', "2023-12-31 22:00:00"),
        ("3", "D1A0", None, "today"),
    ]
    one = FileReader(ABC)
    assert one.types(tmp_path / "0.parquet") == {
        "a": "bigint", "b": "varchar", "c": "struct(id integer)[]", "t": "timestamp",
        "same": "integer",
    }  # fmt: skip


def enriched(**values: str) -> list[str]:
    columns = FileReader().macros.enriched_columns()
    assert len(columns) == 131
    return [values.get(name, "") for name in columns]


@pytest.mark.parametrize("header", [False, True])
@pytest.mark.parametrize("ending", ["tsv", "tsv.gz", "gz", "txt"])
def test_enriched_tsv_is_read_with_and_without_a_header(
    tmp_path: Path, header: bool, ending: str
) -> None:
    contexts = '{"schema":"iglu:x","data":[{"a":"\\"b\\""}]}'
    lines = [
        enriched(event_id="1", event_name="page_view", page_title='"Best" hats', contexts=contexts),
        enriched(event_id="2", page_title='"unclosed', true_tstamp="2024-01-01 00:00:00"),
        enriched(event_id="3", page_title='"closed"'),
    ]
    if header:
        lines.insert(0, FileReader().macros.enriched_columns())
    text = "".join("\t".join(line) + "\n" for line in lines).encode()
    path = write(tmp_path / f"x.{ending}", gzip.compress(text) if ending.endswith("gz") else text)
    read = FileReader().rows(path, "event_id, event_name, page_title, contexts, true_tstamp")
    assert read == [
        ("1", "page_view", '"Best" hats', contexts, None),
        ("2", None, '"unclosed', None, "2024-01-01 00:00:00"),
        ("3", None, '"closed"', None, None),
    ]


def test_enriched_tsv_that_was_written_with_quotes_is_read(tmp_path: Path) -> None:
    names = FileReader().macros.enriched_columns()
    texts = enriched(event_id="1", contexts='"{""schema"":""x""}"', page_title='"a ""b"""')
    path = write(tmp_path / "x.tsv", "\t".join(names) + "\n" + "\t".join(texts) + "\n")
    assert FileReader().rows(path, "event_id, contexts, page_title") == [
        ("1", '{"schema":"x"}', 'a "b"')
    ]


GOOD = "event_id,user_id\n1,x\n"
REFUSED: dict[str, tuple[dict[str, str | bytes], str]] = {
    "no header": (
        {"x.csv": f"1,page_view,{SECRET}\n"},
        r"line 1 of .*x.csv has to name the columns, and names none of those that are looked for "
        r"\(event_id, event_name, domain_userid, derived_tstamp, collector_tstamp, ...\)",
    ),
    "no header in one of two files": (
        {"x.csv": GOOD, "y.csv": f"2,{SECRET}\n"},
        r"line 1 of .*y.csv has to name the columns",
    ),
    "enriched TSV that lacks fields": (
        {"x.tsv": "\t".join([SECRET] * 130) + "\n"},
        r"enriched TSV does without, of 131 fields: this line has 130",
    ),
    "a ragged enriched row": (
        {"x.tsv": ("\t".join(["x"] * 131) + "\n") * 2 + SECRET + "\n"},
        r"line 3 of .*x.tsv has 1 fields instead of 131",
    ),
    "rows with too few and too many fields": (
        {"x.csv": f'event_id,user_id\n1,"a\nb"\n{SECRET}\n1,2,{SECRET}\n'},
        r"line 4 of .*x.csv has 1 fields instead of 2 \(2 such lines\)",
    ),
    "a quote that is not closed": (
        {"x.csv": f'event_id,user_id\n1,x\n2,"{SECRET}\n3,y\n'},
        r"line 3 of .*x.csv has a quote that is not closed",
    ),
    "text that is not UTF-8": (
        {"x.csv": GOOD.encode() + f"2,M\u00fcller {SECRET}\n".encode("latin-1")},
        r"row 3 of .*x.csv is not UTF-8",
    ),
    "UTF-16": ({"x.csv": (GOOD + SECRET).encode("utf-16")}, r"x.csv is not UTF-8"),
    "a column that is named twice": (
        {"x.csv": f"event_id,user_id,USER_ID\n1,{SECRET},y\n"},
        r"line 1 of .*x.csv names the column user_id 2 times",
    ),
    "a JSON line that is cut off": (
        {"x.ndjson": '{"event_id": "1"}\n\n{"event_id": "' + SECRET},
        r"line 3 of .*x.ndjson is no JSON object",
    ),
    "a JSON line that is no object": (
        {"x.ndjson": f'{{"event_id": "1"}}\n["{SECRET}"]\n"{SECRET}"\n'},
        r"line 2 of .*x.ndjson is no JSON object \(2 such lines\)",
    ),
    "mixed formats": (
        {"x.csv": GOOD, "y.json": "{}"},
        r"mixes formats \(csv, json\)",
    ),
    "a Delta table": (
        {"_delta_log/0.json": "{}", "x.parquet": ""},
        r"is a Delta table \(there is .*_delta_log/\)",
    ),
    "an Iceberg table": (
        {"metadata/v1.metadata.json": "{}", "data/x.parquet": ""},
        r"is an Iceberg table",
    ),
    "a Hudi table": ({".hoodie/hoodie.properties": "", "x.parquet": ""}, r"is a Hudi table"),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_what_is_wrong_is_named_and_no_data_is_shown(tmp_path: Path, fault: str) -> None:
    files, text = REFUSED[fault]
    for name, content in files.items():
        write(tmp_path / "data" / name, content)
    reader = FileReader()
    with pytest.raises(CompilationError, match=text) as raised:
        reader.source(tmp_path / "data")
    assert SECRET not in str(raised.value)
    assert not [query for query in reader.queries if SECRET in query]


def test_a_file_inside_of_a_delta_table_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "t" / "_delta_log" / "0.json", "{}")
    for name in ("t/d=1/x.parquet", "t/d=1/*.parquet", "t/*/*.parquet"):
        write(tmp_path / "t" / "d=1" / "x.parquet", "")
        with pytest.raises(CompilationError, match="is a Delta table"):
            FileReader().source(tmp_path / name)


def test_rows_are_looked_at_once_in_a_command(tmp_path: Path) -> None:
    reader = FileReader(ABC)
    path = write(tmp_path / "x.csv", "a,b\n1,2\n")
    reader.source(path)
    asked = len(reader.queries)
    reader.source(path)
    assert [("glob" in query) for query in reader.queries[asked:]] == [True]


def test_permutations_of_rows_and_files_read_the_same(tmp_path: Path) -> None:
    values: list[dict[str, object]] = [
        {"a": "1", "b": "2024-01-01"},
        {"a": "2", "b": 7},
        {"a": "3", "c": {}},
        {"a": "4", "b": None},
    ]
    read = set()
    for number, order in enumerate(itertools.permutations(values)):
        folder = tmp_path / str(number)
        ndjson(folder / "1.ndjson", list(order[:2]))
        ndjson(folder / "2.ndjson", list(order[2:]))
        read.add(tuple(FileReader(ABC).rows(folder, "a, b, c")))
    assert read == {
        (("1", "2024-01-01", None), ("2", "7", None), ("3", None, "{}"), ("4", None, None))
    }
