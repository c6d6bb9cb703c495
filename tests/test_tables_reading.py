"""Reading tables: the csv module and pyarrow are the oracles for good files, a list of broken ones for the rest."""

from __future__ import annotations

import csv
import gzip
import io
import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.errors import TableError
from chainrule.tables import read_table, reading

GOOD = b"a,b,c\n1,x,2.5\n2,y,\n"


def write(folder: Path, content: bytes, name: str = "t.csv") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    "content",
    [
        GOOD,
        GOOD.replace(b"\n", b"\r\n"),
        GOOD.replace(b"\n", b"\r"),
        b"\xef\xbb\xbf" + GOOD,
        GOOD.decode().encode("utf-16"),
        GOOD.replace(b",", b";"),
        GOOD.replace(b",", b"\t"),
        GOOD.replace(b",", b"|"),
        b"\n\n" + GOOD.replace(b"1,", b"\n1,"),
        GOOD.rstrip(b"\n"),
        GOOD.replace(b"x", b'"x"').replace(b"a,", b'" a ",'),
        gzip.compress(GOOD, mtime=0),
    ],
)
def test_the_same_table_in_many_dresses(tmp_path, content):
    table = read_table(write(tmp_path, content))
    assert table.names == ("a", "b", "c")
    assert table.frame.rows() == [("1", "x", "2.5"), ("2", "y", None)]


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0\r", exclude_categories=["Cs"]), max_size=6)


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 4).flatmap(lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1)))
def test_any_cells_come_back_as_the_csv_module_wrote_them(tmp_path_factory, rows):
    stream = io.StringIO()
    names = [f"c{place}" for place in range(len(rows[0]))]
    csv.writer(stream, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows([names, *rows])
    path = write(tmp_path_factory.mktemp("csv"), stream.getvalue().encode())
    read = [[cell or "" for cell in row] for row in read_table(path).frame.rows()]
    assert read == rows


def test_places_are_those_of_the_file(tmp_path):
    table = read_table(write(tmp_path, b'a,b\n1,"two\nlines"\n\n3,4\n5,6\n'))
    assert table.where(0).endswith("row 1 (line 2)")
    assert table.where(1).endswith("row 2 (line 5)")
    assert table.take([2]).where(0, "b").endswith("row 3 (line 6), column 'b'")


BROKEN = {
    "empty": (b"", "is empty"),
    "blank": (b"\n \n", "is empty"),
    "only header": (b"a,b\n", "header but no rows"),
    "duplicate names": (b"a,b,a\n1,2,3\n", "'a' stands 2 times in the header \\(columns 1, 3\\)"),
    "short row": (b"a,b\n1,2\n3\n", "row 2 \\(line 3\\): found 1 field, but the header has 2"),
    "long row": (b"a,b\n1,2\n1,2,3\n1\n", "row 2 \\(line 3\\): found 3 fields.*1 more"),
    "NUL": (b"a,b\n1,\x002\n", "line 2: a NUL byte"),
    "latin-1": ("a,b\n1,caf\xe9\n".encode("latin-1"), "line 2: byte 0xE9 is not UTF-8"),
    "half UTF-16": ("a,b\n".encode("utf-16")[:-1], "UTF-16"),
    "open quote": (b'a,b\n1,"2\n3,4\n', "line 2: the double quote .* never closed"),
    "quote within": (b'a,b\n1,5" pipe\n', "line 2: a double quote"),
    "text after quote": (b'a,b\n1,"5"x\n', "line 2: a double quote"),
    "no header": (b"1,2\n3,4\n", "holds only numbers"),
    "too many columns": (b",".join(b"c%d" % i for i in range(20_001)) + b"\n1\n", "at most 20,000"),
    "zip": (b"PK\x03\x04" + GOOD, "a ZIP archive or Excel file"),
    "JSON": (b'[{"a":1}]', "a JSON file"),
    "HTML": (b"<!DOCTYPE html><p>", "an HTML page"),
    "pickle": (b"\x80\x04\x95\x00\x00", "is a pickle"),
    "damaged gzip": (gzip.compress(GOOD, mtime=0)[:-9], "gzip data is damaged"),
    "gzip of nothing": (gzip.compress(b""), "is empty"),
    "parquet footer": (b"PAR1" + b"\xff" * 40, "not a readable Parquet file"),
    "parquet magic": (b"PAR1", "not a readable Parquet file"),
}


@pytest.mark.parametrize(("content", "message"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_gives_one_clear_error(tmp_path, content, message):
    path = write(tmp_path, content)
    with pytest.raises(TableError, match=message) as error:
        read_table(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_gzip_bomb_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "ALWAYS_ALLOWED", 2**20)
    bomb = gzip.compress(b"a\n" + b"1\n" * 2**20)
    with pytest.raises(TableError, match="gzip bomb"):
        read_table(write(tmp_path, bomb))


def test_paths_that_are_no_files(tmp_path):
    with pytest.raises(TableError, match="no such file"):
        read_table(tmp_path / "absent.csv")
    with pytest.raises(TableError, match="is a directory"):
        read_table(tmp_path)
    with pytest.raises(TableError, match="cannot be read"):
        read_table("nul\0byte.csv")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(TableError, match="not a regular file"):
        read_table(tmp_path / "pipe")


def test_a_wanted_column_is_missed_and_the_nearest_named(tmp_path):
    with pytest.raises(TableError, match=r"no column 'speces'; did you mean 'species'\?"):
        read_table(write(tmp_path, b"species,b\n1,2\n"), must_have=["b", "speces"])


def test_parquet_keeps_its_types(tmp_path):
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "t.parquet"
    parquet.write_table(arrow.table({"a": [1, None], "b": ["x", "y"], "c": [True, False]}), path)
    table = read_table(path)
    assert table.frame.rows() == [(1, "x", True), (None, "y", False)]
    assert table.where(1, "a").endswith("row 2, column 'a'")


def test_a_parquet_file_cut_anywhere_is_refused(tmp_path):
    path = tmp_path / "t.parquet"
    pl.DataFrame({"a": [1.5, 2.5], "b": ["x", "y"]}).write_parquet(path)
    content = path.read_bytes()
    for length in range(1, len(content), 7):
        with pytest.raises(TableError):
            read_table(write(tmp_path, content[:length], "cut.parquet"))


def test_parquet_bytes_changed_at_random_never_crash(tmp_path):
    path = tmp_path / "t.parquet"
    pl.DataFrame({"a": np.arange(50.0), "b": ["x"] * 50}).write_parquet(path)
    content = bytearray(path.read_bytes())
    generator = np.random.default_rng(0)
    outcomes = set()
    for _ in range(60):
        changed = bytearray(content)
        changed[generator.integers(4, len(content))] ^= 1 << generator.integers(8)
        try:
            outcomes.add(len(read_table(write(tmp_path, bytes(changed), "changed.parquet")).names))
        except TableError:
            outcomes.add("refused")
    assert "refused" in outcomes


def test_a_parquet_bomb_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "ALWAYS_ALLOWED", 2**20)
    path = tmp_path / "bomb.parquet"
    pl.DataFrame({"a": pl.Series([0], dtype=pl.Int64)}).lazy().select(
        pl.repeat(0, 2_000_000, dtype=pl.Int8)
    ).sink_parquet(path, compression="zstd")
    with pytest.raises(TableError, match="claim 2,000,000 rows"):
        read_table(path)


@pytest.mark.parametrize("rows", [1, 3])
def test_one_column_keeps_blank_lines_as_missing(tmp_path, rows):
    table = read_table(write(tmp_path, b"a\n1\n" + b"\n" * (rows - 1) + b"2\n"))
    assert [cell or None for cell in table.frame["a"]] == ["1"] + [None] * (rows - 1) + ["2"]
