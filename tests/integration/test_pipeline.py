"""Files through the whole of run, judged by what other programs read of the result. covers: worker/run worker/sink"""

import base64
import gzip
import json
import subprocess
import unittest
from decimal import Decimal

from tests.dirty import CONTRACT as DIRTY, Dirty
from tests.integration.test_parquet import install_readers, query as duckdb
from tests.lake import DATA, ROOT, Lake


def setUpModule():
    install_readers()


def query(lake, dataset, select, where=""):
    """Rows of a query over a dataset's Parquet files, by DuckDB; folder names are text."""
    files = f"read_parquet('{lake.path}/processed/{dataset}/**/*.parquet', hive_types_autocast=false, filename=true)"
    return json.loads(duckdb(f"SELECT {select} FROM {files} {where}"))


class RealFiles(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lake = Lake()
        cls.addClassCleanup(cls.lake.__exit__)
        for name in ("hmrc", "online_retail", "wakefield"):
            cls.lake.copy(ROOT / "schema" / "datasets" / f"{name}.yaml", f"datasets/{name}.yaml")
        for path in (DATA / "real").glob("*.csv"):
            cls.lake.copy(path, f"raw/councils/{path.name}")
        cls.lake.run(check=[0])

    def rejects_of(self, name):
        key = [k for k in self.lake.keys() if k.startswith(f"rejected/data_quality/json/{name}/")]
        return [json.loads(line) for k in key for line in (self.lake.path / k).read_text().splitlines()]

    def test_balance(self):
        code, report = self.lake.fsck()
        self.assertEqual((code, report["differences"]), (0, []))
        sheets = {d["dataset"]: (d["delivered"], d["good"], d["rejected"], d["filtered"]) for d in report["datasets"]}
        self.assertEqual(sheets, {"hmrc": (406, 406, 0, 0), "online_retail": (495, 493, 2, 0),
                                  "wakefield": (4602, 4468, 1, 133)})

    def test_hmrc(self):
        rows = query(self.lake, "hmrc", "count(amount) AS n, sum(amount) AS total, typeof(any_value(amount)) AS type")
        self.assertEqual(rows, [{"n": "406", "total": "118461709.02", "type": "DECIMAL(18,2)"}])

    def test_wakefield_mislabelled_columns(self):
        rows = query(self.lake, "wakefield", "payment_date, transaction_no, sequence_no, net_amount, irrecoverable_vat, "
                     "contract, supplier", "WHERE _row_number = 1")
        line = (DATA / "real" / "wakefield_procurement_cards_2018q2.csv").read_bytes().splitlines()[3].decode()
        cells = line.split(",")
        day = "-".join(reversed(cells[9].split("/")))
        self.assertEqual(rows, [{"payment_date": day, "transaction_no": cells[10], "sequence_no": cells[11],
                                 "net_amount": cells[12], "irrecoverable_vat": None, "contract": cells[16],
                                 "supplier": cells[6]}])

    def test_wakefield_line_3018(self):
        (reject,) = self.rejects_of("wakefield")
        self.assertEqual(reject["line_number"], 3018)
        self.assertEqual([(e["code"], e["value"]) for e in reject["errors"]], [("extra-cell", "Cooker")])
        original = (DATA / "real" / "wakefield_procurement_cards_2018q2.csv").read_bytes()
        record = original[reject["byte_offset"]:][:reject["byte_length"]]
        self.assertEqual(record, original.split(b"\n")[3017].rstrip(b"\r"))

    def test_wakefield_nil_is_null(self):
        self.assertEqual(query(self.lake, "wakefield", "count(*) AS n", "WHERE irrecoverable_vat IS NOT NULL"),
                         [{"n": "0"}])

    def test_online_retail(self):
        rows = query(self.lake, "online_retail", "count(*) AS n, count(*) FILTER (cancelled) AS c, sum(amount) AS total")
        self.assertEqual(rows, [{"n": "493", "c": "9", "total": "15353.03"}])
        self.assertEqual([(r["line_number"], r["errors"][0]["code"]) for r in self.rejects_of("online_retail")],
                         [(111, "missing-cell"), (251, "missing-cell")])


SALES = """Transaction ID,Store,quantity,unit_price,discount_pct,currency,country,email,ts,colour
TX1,S1,3,19.99,10,EUR,DE,a@example.org,2026-05-01T10:00:00Z,red
TX2,S1,1,"1,000.00",,GBP,GB,b@example.org,01/05/2026 23:59,red
TX3,S2,7,0.05,N/A,USD,US,NULL,2026-05-02 00:30:00+02:00,red
TX4,S2,0,5.00,,EUR,FR,c@example.org,2026-05-02T10:00:00Z,red
TX5,S2,-1,5.00,,EUR,FR,c@example.org,2026-05-02T10:00:00Z,red
TX6,S3,1,5.00,,EUR,XX,d@example.org,2026-05-02T10:00:00Z,red
TX1,S3,1,5.00,,EUR,DE,e@example.org,2026-05-03T10:00:00Z,red
bad,S3,one,5.001,,CHF,DE,f@example.org,2026-05-03T25:00:00Z,red
,,,,,,,,,
TX7,S3,2,2.50,0.5,EUR,CH,g@example.org,2026-05-03T10:00:00.123456Z,red
"""


class FactSales(unittest.TestCase):
    """The example of the contract language, end to end."""

    @classmethod
    def setUpClass(cls):
        cls.lake = Lake()
        cls.addClassCleanup(cls.lake.__exit__)
        for name in ("fact_sales.yaml", "tax_rates.csv"):
            cls.lake.copy(DATA / "contracts" / name, f"datasets/{name}")
        cls.lake.put("datasets/gold_sales.sql", "SELECT 1\n")
        cls.lake.put("raw/sales/2026/may.csv", SALES)
        cls.lake.run(check=[0])

    def test_good_rows(self):
        rows = query(self.lake, "fact_sales", "transaction_id AS id, unit_price AS price, discount_pct AS pct, net, tax, "
                     "total, email, date, epoch_us(ts) AS ts, _row_number AS row", "ORDER BY row")
        # net, tax and total by hand: 3 * 19.99 * 0.9 = 53.973; 53.97 * 0.19 = 10.2543; 2 * 2.5 * 0.995 = 4.975 -> 4.98
        self.assertEqual(rows, [
            {"id": "TX1", "price": "19.99", "pct": "10.00", "net": "53.97", "tax": "10.25", "total": "64.22",
             "email": "a@example.org", "date": "2026-05-01", "ts": "1777629600000000", "row": "1"},
            {"id": "TX2", "price": "1000.00", "pct": None, "net": "1000.00", "tax": "200.00", "total": "1200.00",
             "email": "b@example.org", "date": "2026-05-01", "ts": "1777679940000000", "row": "2"},
            {"id": "TX3", "price": "0.05", "pct": None, "net": "0.35", "tax": "0.00", "total": "0.35",
             "email": None, "date": "2026-05-01", "ts": "1777674600000000", "row": "3"},
            {"id": "TX7", "price": "2.50", "pct": "0.50", "net": "4.98", "tax": "0.40", "total": "5.38",
             "email": "g@example.org", "date": "2026-05-03", "ts": "1777802400123456", "row": "10"}])

    def test_rejects(self):
        found = {r["row_number"]: [(e["stage"], e["code"], e["column"], e["rule_id"]) for e in r["errors"]]
                 for r in self.lake.rejects()}
        self.assertEqual(found, {
            5: [("rules", "row-constraint", None, "positive_quantity")],
            6: [("rules", "foreign-key", "country", None)],
            7: [("rules", "primary-key", "transaction_id", None)],
            8: [("convert", "constraint-error", "transaction_id", None), ("convert", "type-error", "quantity", None),
                ("convert", "type-error", "unit_price", None), ("convert", "constraint-error", "currency", None),
                ("convert", "type-error", "ts", None)]})

    def test_counts(self):
        counts = self.lake.query("SELECT stage, rows_in + rows_expanded, rows_rejected, rows_duplicate, rows_filtered, rows_out "
                                 "FROM stage_count WHERE stage NOT IN ('intake', 'validate') "
                                 "ORDER BY instr('parse convert rules write', stage)")
        self.assertEqual(counts, [("parse", 10, 0, 0, 1, 9), ("convert", 9, 1, 0, 0, 8), ("rules", 8, 2, 1, 1, 4),
                                  ("write", 4, 0, 0, 0, 4)])

    def test_sensitive_values_stay_in_the_reject_file(self):
        reasons = [k for k in self.lake.keys() if k.endswith(".reasons.csv")]
        samples = self.lake.query("SELECT samples FROM run_cause")
        self.assertNotIn("@", (self.lake.path / reasons[0]).read_text() + str(samples))


TYPES = """
dataset: types
source: {match: "raw/types*"}
schema:
  fields:
    - {name: s, type: string}
    - {name: i, type: integer}
    - {name: d2, type: number, scale: 2}
    - {name: d9, type: number}
    - {name: wide, type: number, precision: 38, scale: 10}
    - {name: f, type: number, float: true}
    - {name: b, type: boolean}
    - {name: day, type: date}
    - {name: t, type: time}
    - {name: moment, type: datetime}
derive:
  twice: "d2 * 2"
  later: "moment + interval '1 day'"
  shout: "upper(s)"
partition: {part: "'all'"}
"""
TYPE_ROWS = [
    ["ü\"\U0001F600", "-9223372036854775808", "-4999999999999999.99", "99999999999999999999999999999.999999999",
     "9999999999999999999999999999.9999999999", "1.7976931348623157e308", "true", "0001-01-01", "23:59:59.999999",
     "1969-12-31T23:59:59.999999Z"],
    ["plain", "9223372036854775807", "0.10", "-0.000000001", "-0.0000000001", "5e-324", "false", "9999-12-31", "00:00:00",
     "2026-11-21T00:00:00+14:00"],
    ["", "", "", "", "", "", "", "", "", ""],
    ["x", "0", "0", "0", "0", "-0.0", "false", "1970-01-01", "12:00:00", "1970-01-01T00:00:00Z"],
]


class Types(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lake = Lake({"types.yaml": TYPES})
        cls.addClassCleanup(cls.lake.__exit__)
        lines = [",".join('"' + c.replace('"', '""') + '"' if '"' in c else c for c in row) for row in TYPE_ROWS]
        cls.lake.put("raw/types.csv", "s,i,d2,d9,wide,f,b,day,t,moment\n" + "\n".join(lines[:2] + ["z" + lines[2]] + lines[3:]) + "\n")
        cls.lake.run(check=[0])

    def test_types(self):
        (file,) = [k for k in self.lake.keys() if k.endswith(".parquet")]
        rows = json.loads(duckdb(f"DESCRIBE SELECT * FROM read_parquet('{self.lake.path / file}', hive_partitioning=false)"))
        self.assertEqual([(r["column_name"], r["column_type"]) for r in rows], [
            ("s", "VARCHAR"), ("i", "BIGINT"), ("d2", "DECIMAL(18,2)"), ("d9", "DECIMAL(38,9)"),
            ("wide", "DECIMAL(38,10)"), ("f", "DOUBLE"), ("b", "BOOLEAN"), ("day", "DATE"), ("t", "TIME"),
            ("moment", "TIMESTAMP WITH TIME ZONE"), ("twice", "DECIMAL(18,2)"), ("later", "TIMESTAMP WITH TIME ZONE"),
            ("shout", "VARCHAR"), ("_run_id", "VARCHAR"), ("_row_number", "BIGINT"), ("_source_file", "VARCHAR"),
            ("ingest_ts", "TIMESTAMP WITH TIME ZONE")])

    def test_values(self):
        rows = query(self.lake, "types", "s, i, d2, d9, wide, f::VARCHAR AS f, b, day::VARCHAR AS day, t::VARCHAR AS t, "
                     "epoch_us(moment) AS at, twice, epoch_us(later) AS later, shout", "ORDER BY _row_number")
        day = 86400 * 10**6
        self.assertEqual([list(r.values()) for r in rows], [
            ["ü\"\U0001F600", "-9223372036854775808", "-4999999999999999.99", "99999999999999999999999999999.999999999",
             "9999999999999999999999999999.9999999999", "1.7976931348623157e+308", True, "0001-01-01", "23:59:59.999999",
             "-1", "-9999999999999999.98", str(day - 1), "Ü\"\U0001F600"],
            ["plain", "9223372036854775807", "0.10", "-0.000000001", "-0.0000000001", "5e-324", False, "9999-12-31",
             "00:00:00", "1795168800000000", "0.20", str(1795168800000000 + day), "PLAIN"],
            ["z"] + [None] * 11 + ["Z"],
            ["x", "0", "0.00", "0.000000000", "0.0000000000", "-0.0", False, "1970-01-01", "12:00:00", "0", "0.00",
             str(day), "X"]])

    def test_system_columns(self):
        ((run_id, arrived),) = self.lake.query("SELECT run_id, arrived_at FROM run_view")
        rows = query(self.lake, "types", "DISTINCT _run_id, _source_file, epoch_us(ingest_ts) AS ingest_ts")
        self.assertEqual(rows, [{"_run_id": run_id, "_source_file": "raw/types.csv", "ingest_ts": str(arrived)}])

    def test_metadata(self):
        (file,) = [k for k in self.lake.keys() if k.endswith(".parquet")]
        rows = json.loads(duckdb("SELECT decode(key) AS k, decode(value) AS v FROM "
                                 f"parquet_kv_metadata('{self.lake.path / file}')"))
        found = {r["k"]: r["v"] for r in rows}
        ((run_id, ruleset),) = self.lake.query("SELECT run_id, ruleset_hash FROM run_view")
        self.assertEqual((found["sluice.dataset"], found["sluice.run_id"], found["sluice.source_file"],
                          found["sluice.ruleset"]), ("types", run_id, "raw/types.csv", ruleset))
        (created,) = json.loads(duckdb(f"SELECT created_by FROM parquet_file_metadata('{self.lake.path / file}')"))
        self.assertRegex(created["created_by"], r"^sluice version \d")


PARTS = """
dataset: parts
source: {match: "raw/parts*"}
schema:
  fields:
    - {name: id, type: integer}
    - {name: place, type: string}
partition: {place: place}
"""


class Partitions(unittest.TestCase):
    def test_strange_values(self):
        places = ["plain", "a/b", "50%", "x=y", "q?*\"<>|", "ü é", "..", "[{^}]", "tab\there", "#1:'", "\\back", " "]
        rows = "".join(f'{i},"{p.replace(chr(34), chr(34) * 2)}"\n' for i, p in enumerate(places))
        with Lake({"parts.yaml": PARTS}) as lake:
            lake.put("raw/parts.csv", "id,place\n" + rows)
            lake.run(check=[0])
            found = query(lake, "parts", "id, place", "ORDER BY id")
            self.assertEqual([r["place"] for r in found], places)
            folders = {p.name for p in (lake.path / "processed" / "parts").iterdir()}
            self.assertIn("place=a%2Fb", folders)
            self.assertIn("place=50%25", folders)
            self.assertIn("place=x%3Dy", folders)
            self.assertIn("place=ü é", folders)
            self.assertEqual(lake.fsck()[0], 0)

    def test_values_that_reject_their_row(self):
        values = {1: ("", "partition-error"), 2: ("x" * 200, None), 3: ("x" * 201, "partition-error"),
                  4: ("%" * 66, None), 5: ("%" * 67, "partition-error"), 6: ("ü" * 100, None),
                  7: ("ü" * 101, "partition-error")}
        with Lake({"parts.yaml": PARTS}) as lake:
            lake.put("raw/parts.csv", "id,place\n" + "".join(f"{i},{v}\n" for i, (v, _) in values.items()))
            lake.run(check=[0])
            self.assertEqual({r["row_number"]: r["errors"][0]["code"] for r in lake.rejects()},
                             {i: code for i, (_, code) in values.items() if code})
            self.assertEqual(lake.fsck()[0], 0)

    def test_no_partition_is_the_day_of_arrival(self):
        with Lake({"parts.yaml": PARTS.replace("partition: {place: place}", "")}) as lake:
            lake.put("raw/parts.csv", "id,place\n1,a\n")
            lake.run(check=[0])
            ((arrived,),) = lake.query("SELECT date(arrived_at / 1000000, 'unixepoch') FROM file")
            self.assertEqual([k.split("/")[2] for k in lake.keys("processed")], [f"date={arrived}"])

    def test_several_columns(self):
        text = PARTS.replace("{place: place}", "{year: \"2020 + id / 100\", place: place}")
        with Lake({"parts.yaml": text}) as lake:
            lake.put("raw/parts.csv", "id,place\n1,a\n101,a\n102,b\n2,a\n")
            lake.run(check=[0])
            self.assertEqual(sorted("/".join(k.split("/")[2:4]) for k in lake.keys("processed")),
                             ["year=2020/place=a", "year=2021/place=a", "year=2021/place=b"])

    def test_too_many(self):
        with Lake({"parts.yaml": PARTS + "output: {max_partitions: 3}\n"}) as lake:
            lake.put("raw/parts_ok.csv", "id,place\n1,a\n2,b\n3,c\n4,a\n")
            lake.put("raw/parts_many.csv", "id,place\n1,a\n2,b\n3,c\n4,d\n")
            lake.run(check=[1])
            self.assertEqual(lake.query("SELECT arrival_key, state, error_code FROM file ORDER BY file_id"),
                             [("raw/parts_many.csv", "QUARANTINED", "too-many-partitions"),
                              ("raw/parts_ok.csv", "SUCCEEDED", None)])
            self.assertEqual(len(lake.keys("processed")), 3)
            self.assertEqual((lake.leftovers(), lake.fsck()[0]), ([], 0))

    def test_more_partitions_than_writers(self):
        rows = 24000
        text = "id,place\n" + "".join(f"{i},p{i * 7919 % 3000}\n" for i in range(rows))
        with Lake({"parts.yaml": PARTS}, memory=True) as many, \
                Lake({"parts.yaml": PARTS.replace("place: place", "half: \"id % 2\"")}, memory=True) as few:
            for lake in (many, few):
                lake.put("raw/parts.csv", text)
                lake.run(check=[0])
            self.assertEqual(len(many.keys("processed")), 3000)
            same = "count(*) AS n, sum(id) AS ids, bit_xor(hash(id, place, _row_number)) AS all"
            same = same.replace(" AS all", " AS rows")
            self.assertEqual(query(many, "parts", same), query(few, "parts", same))
            misplaced = "count(*) FILTER (place <> regexp_extract(filename, 'place=([^/]*)', 1)) AS n"
            self.assertEqual(query(many, "parts", misplaced), [{"n": "0"}])
            unsorted = ("count(*) AS n FROM (SELECT id < lag(id) OVER (PARTITION BY filename ORDER BY file_row_number) AS "
                        f"back FROM read_parquet('{many.path}/processed/parts/**/*.parquet', filename=true, "
                        "file_row_number=true)) WHERE back")
            self.assertEqual(json.loads(duckdb("SELECT " + unsorted)), [{"n": "0"}])


class DirtyRows(unittest.TestCase):
    """Every reject is where the generator put it, and only those."""

    def check(self, name, dirty, delivered=None, base64_only=False):
        with Lake({"dirty.yaml": DIRTY}, memory=True) as lake:
            lake.put(f"raw/{name}", dirty.bytes if delivered is None else delivered)
            lake.run(check=[0])
            found = lake.rejects()
            self.assertEqual([{k: r[k] for k in ("row_number", "line_number", "byte_offset", "byte_length")} for r in found],
                             [{k: r[k] for k in ("row_number", "line_number", "byte_offset", "byte_length")}
                              for r in dirty.rejects])
            self.assertEqual([[e["code"] for e in r["errors"]] for r in found], [r["codes"] for r in dirty.rejects])
            for line, truth in zip(found, dirty.rejects):
                raw = base64.b64decode(line["raw_base64"]) if "raw_base64" in line else line["raw"].encode()
                self.assertEqual(raw, truth["bytes"])
            csv = [k for k in lake.keys("rejected") if k.endswith(".csv") and not k.endswith(".reasons.csv")]
            self.assertEqual((lake.path / csv[0]).read_bytes(), dirty.rejects_csv)
            (archived,) = lake.keys("archive")
            self.assertEqual((lake.path / archived).read_bytes(), dirty.bytes if delivered is None else delivered)
            rows = query(lake, "dirty", "count(*) AS n, sum(price) AS total")
            self.assertEqual(rows, [{"n": str(dirty.good), "total": str(Decimal(dirty.cents).scaleb(-2))}])
            code, report = lake.fsck()
            self.assertEqual(code, 0, report)
            (sheet,) = report["datasets"]
            self.assertEqual((sheet["delivered"], sheet["rejected"], sheet["filtered"]),
                             (dirty.total, len(dirty.rejects), dirty.blank))

    def test_utf8(self):
        self.check("dirty.csv", Dirty(1, 5000))

    def test_byte_order_mark_and_crlf(self):
        self.check("dirty.csv", Dirty(2, 2000, bom=b"\xef\xbb\xbf", end="\r\n"))

    def test_gzip(self):
        dirty = Dirty(3, 3000)
        self.check("dirty.csv.gz", dirty, gzip.compress(dirty.bytes))

    def test_zstd(self):
        dirty = Dirty(4, 3000)
        try:
            delivered = subprocess.run(["zstd", "-c"], input=dirty.bytes, capture_output=True, check=True).stdout
        except FileNotFoundError:
            self.skipTest("no zstd program here")
        self.check("dirty.csv", dirty, delivered)

    def test_utf16(self):
        self.check("dirty.csv", Dirty(5, 2000, encoding="utf-16-le", bom=b"\xff\xfe"))
        self.check("dirty.csv", Dirty(6, 2000, encoding="utf-16-be", bom=b"\xfe\xff", end="\r\n"))

    def test_windows_1252(self):
        self.check("dirty.csv", Dirty(7, 2000, encoding="cp1252"))

    def test_many_batches(self):
        self.check("dirty.csv", Dirty(8, 80000, every=200))

    def test_mended_and_sent_again(self):
        dirty = Dirty(9, 400)
        with Lake({"dirty.yaml": DIRTY}) as lake:
            lake.put("raw/dirty.csv", dirty.bytes)
            lake.run(check=[0])
            (csv,) = [k for k in lake.keys("rejected") if k.endswith(".csv") and not k.endswith(".reasons.csv")]
            lake.put("raw/dirty_again.csv", (lake.path / csv).read_bytes())
            lake.run(check=[0])
            again = [r for r in lake.rejects() if r["line_number"]][len(dirty.rejects):]
            # alone in its file a repeated key repeats nothing
            alone = [r for r in dirty.rejects if r["codes"] != ["primary-key"]]
            self.assertEqual([[e["code"] for e in r["errors"]] for r in again if r["errors"][0]["code"] != "primary-key"],
                             [r["codes"] for r in alone])
            good = dirty.header + b"".join(
                f"{i},mended,1,1.00,2026-03-01T00:00:00Z,EUR\n".encode() for i, _ in enumerate(dirty.rejects))
            lake.put("raw/dirty_mended.csv", good)
            lake.run(check=[0])
            ((rows, rejected),) = lake.query("SELECT rows_out, rows_rejected FROM run_view WHERE arrival_key = "
                                             "'raw/dirty_mended.csv'")
            self.assertEqual((rows, rejected), (len(dirty.rejects), 0))


if __name__ == "__main__":
    unittest.main()
