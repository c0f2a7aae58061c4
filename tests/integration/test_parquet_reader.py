"""Files that DuckDB wrote, in every encoding and codec it has, as our reader gives them: value by value."""

import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

from tests.integration.test_parquet import BUILD, HERE, install_readers, query

PROGRAM = BUILD / "tests/unit/worker/format/parquet/test_reader"
# name, what is written, what a vector holds of it (text, but for booleans, doubles and strings)
COLUMNS = [
    ("i8", "(i % 200 - 100)::TINYINT", "{}::VARCHAR"),
    ("i16", "(i * 7 % 60000 - 30000)::SMALLINT", "{}::VARCHAR"),
    ("i32", "((hash(i) % 4000000000)::BIGINT - 2000000000)::INTEGER", "{}::VARCHAR"),
    ("i64", "(hash(i * 3)::HUGEINT - 9223372036854775808::HUGEINT)::BIGINT", "{}::VARCHAR"),
    ("rising", "i * 1000003", "{}::VARCHAR"),
    ("few", "i % 3", "{}::VARCHAR"),
    ("u8", "(i % 256)::UTINYINT", "{}::VARCHAR"),
    ("u16", "(i * 31 % 65536)::USMALLINT", "{}::VARCHAR"),
    ("u32", "(hash(i * 5) % 4294967296)::UINTEGER", "{}::VARCHAR"),
    ("f32", "(i / 3.0)::FLOAT", "{}::DOUBLE"),
    ("f64", "(i / 7.0)::DOUBLE", "{}"),
    ("flag", "hash(i) % 3 = 0", "{}"),
    ("d4", "((i % 19999 - 9999) / 10)::DECIMAL(4, 1)", "({} * 10)::BIGINT::VARCHAR"),
    ("d9", "((i * 7919 % 1999999999 - 999999999)::DECIMAL(18, 2) / 100)::DECIMAL(9, 2)", "({} * 100)::BIGINT::VARCHAR"),
    ("d18", "((hash(i) % 1000000000000000000)::BIGINT - 500000000000000000)::DECIMAL(18, 0)", "{}::BIGINT::VARCHAR"),
    ("d38", "(hash(i)::HUGEINT * 1000000007 - 9000000000000000000000000000)::DECIMAL(38, 0)", "{}::HUGEINT::VARCHAR"),
    ("day", "DATE '1890-01-01' + (i * 11)::INTEGER", "{} - DATE '1970-01-01'"),
    ("clock", "TIME '00:00:00' + to_microseconds((hash(i) % 86400000000)::BIGINT)", "epoch_us({})::VARCHAR"),
    ("ts", "make_timestamp((hash(i) % 4000000000000000)::BIGINT - 2000000000000000)", "epoch_us({})::VARCHAR"),
    ("tz", "make_timestamp((hash(i) % 4000000000000000)::BIGINT)::TIMESTAMPTZ", "epoch_us({})::VARCHAR"),
    ("ms", "make_timestamp((i - 500) * 1234567000)::TIMESTAMP_MS", "epoch_us({})::VARCHAR"),
    ("ns", "make_timestamp((i - 500) * 1234567891)::TIMESTAMP_NS", "epoch_us({})::VARCHAR"),
    ("word", "'word ' || (i % 50)", "{}"),
    ("text", "md5(i::VARCHAR) || repeat('ü', (i % 9)::INTEGER)", "{}"),
    ("path", "'/a/long/common/prefix/' || lpad(i::VARCHAR, 9, '0')", "{}"),
    ("empty", "NULL::VARCHAR", "{}"),
]
OPTIONS = [("V1", "uncompressed", 100000), ("V1", "snappy", 2048), ("V1", "gzip", 100000), ("V1", "zstd", 2048),
           ("V2", "uncompressed", 2048), ("V2", "snappy", 100000), ("V2", "gzip", 2048), ("V2", "zstd", 100000)]


def read(path):
    done = subprocess.run([str(PROGRAM)], env={**os.environ, "SLUICE_READ": str(path)}, capture_output=True, text=True)
    return done.returncode, done.stdout


class ParquetReader(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        install_readers()
        folder = tempfile.TemporaryDirectory(prefix="sluice-reader-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)

    def write(self, name, select, options):
        path = self.folder / name
        query(f"COPY ({select}) TO '{path}' (FORMAT parquet, {options})")
        return path

    def rows(self, path):
        code, text = read(path)
        self.assertEqual(code, 0, text)
        return [json.loads(line) for line in text.splitlines()]

    def test_every_type_encoding_and_codec(self):
        rows = 5000
        plain = f"SELECT i, {', '.join(f'{sql} AS {name}' for name, sql, _ in COLUMNS)} FROM range({rows}) t(i)"
        holes = (f"SELECT i, {', '.join(f'CASE WHEN hash(i + {k}) % 4 > 0 THEN {name} END AS {name}' for k, (name, _, _) in enumerate(COLUMNS))} "
                 f"FROM ({plain})")
        seen = set()
        for kind, select in (("plain", plain), ("holes", holes)):
            for version, codec, group in OPTIONS:
                with self.subTest(kind=kind, version=version, codec=codec, group=group):
                    path = self.write(f"{kind}-{version}-{codec}-{group}.parquet", select,
                                      f"PARQUET_VERSION {version}, COMPRESSION {codec}, ROW_GROUP_SIZE {group}")
                    expected = json.loads(query(
                        f"SELECT i::VARCHAR AS i, {', '.join(sql.format(name) + ' AS ' + name for name, _, sql in COLUMNS)} "
                        f"FROM read_parquet('{path}', file_row_number=true) ORDER BY file_row_number"))
                    found = self.rows(path)
                    self.assertEqual(len(found), rows)
                    names = ["i"] + [name for name, _, _ in COLUMNS]
                    for row, want in zip(found, expected):
                        self.assertEqual(row, [want[name] for name in names])
                    seen.update(row["e"] for row in json.loads(query(
                        f"SELECT DISTINCT encodings AS e FROM parquet_metadata('{path}')")))
        for encoding in ("PLAIN", "RLE_DICTIONARY", "DELTA_BINARY_PACKED", "DELTA_LENGTH_BYTE_ARRAY", "BYTE_STREAM_SPLIT", "RLE"):
            self.assertTrue(any(encoding in e for e in seen), (encoding, seen))

    def test_what_duckdb_does_not_write(self):
        subprocess.run(["node", str(HERE / "foreign.mjs"), str(self.folder)], check=True, timeout=600)
        files = sorted(self.folder.glob("*.parquet.json"))
        self.assertEqual(len(files), 12)
        for expected in files:
            with self.subTest(file=expected.stem):
                found = self.rows(expected.with_suffix(""))
                self.assertEqual(found, [json.loads(line) for line in expected.read_text().splitlines()])

    def test_refused_by_name(self):
        cases = [("[i, i]", "a nested or repeated column"), ("{'a': i}", "a nested or repeated column"),
                 ("uuid()", "UUID"), ("INTERVAL 1 DAY", "INTERVAL"), ("i::UBIGINT", "an unsigned INT64"),
                 ("make_timestamp_ns(i + 1)", "holds nanoseconds")]
        for number, (sql, words) in enumerate(cases):
            with self.subTest(sql=sql):
                path = self.write(f"no-{number}.parquet", f"SELECT {sql} AS odd FROM range(3) t(i)", "COMPRESSION zstd")
                code, text = read(path)
                self.assertEqual(code, 1)
                self.assertIn(words, text)
        for codec, words in (("lz4_raw", "LZ4_RAW"), ("brotli", "Brotli")):
            with self.subTest(codec=codec):
                path = self.write(f"no-{codec}.parquet", "SELECT 1 AS odd", f"COMPRESSION {codec}")
                code, text = read(path)
                self.assertEqual(code, 1)
                self.assertIn(f"column odd: {words} cannot be read", text)


if __name__ == "__main__":
    unittest.main()
