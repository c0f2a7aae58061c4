"""raw, bronze and silver in PostgreSQL: what the lake has, once, whatever dies on the way.

covers: worker/pg, covers: worker/warehouse
"""

import json
import subprocess
import time
import unittest

from tests.dirty import CONTRACT as DIRTY, Dirty
from tests.integration.test_parquet import install_readers, query
from tests.lake import DATA, ROOT, SLUICE, ULID, Lake
from tests.postgres import Cluster, Pooler

CONTRACT = """\
dataset: sales
source: {match: "raw/sales/*"}
dialect: {delimiter: ","}
encoding: utf-8
schema:
  primaryKey: [id]
  missingValues: ["", "NULL"]
  fields:
    - {name: id, type: integer}
    - {name: shop, type: string}
    - {name: amount, type: number, scale: 2}
    - {name: day, type: date, constraints: {required: true}}
derive:
  gross: "round(amount * 1.19, 2)"
rules:
  - {id: not_negative, check: "amount >= 0"}
partition: {day: "day"}
warehouse: {schema: sales}
"""
GOLD = CONTRACT.replace("warehouse: {schema: sales}", "warehouse: {schema: sales, gold_sql: gold.sql, export: gold/data.csv}")
SELECT = ("SELECT day, count(*) AS sales, sum(gross) AS gross, NULL::text AS nothing, ''::text AS empty, 'a,\"b' AS odd "
          "FROM silver_table GROUP BY 1 ORDER BY 1 DESC; -- the latest first\n")
OTHER = """\
dataset: other
source: {match: "raw/other/*"}
schema: {fields: [{name: a, type: integer}]}
"""
TYPES = """\
dataset: types
source: {match: "raw/types/*"}
dialect: {delimiter: ",", quoteChar: "\\""}
encoding: utf-8
schema:
  fieldsMatch: exact
  missingValues: [""]
  fields:
    - {name: n, type: integer}
    - {name: s, type: string}
    - {name: d, type: number, scale: 3}
    - {name: w, type: number}
    - {name: f, type: number, float: true}
    - {name: b, type: boolean}
    - {name: da, type: date}
    - {name: ti, type: time}
    - {name: ts, type: datetime}
derive:
  twice: "round(d * 0.5, 3)"
  long: "length(s)"
warehouse: {schema: types}
"""


def setUpModule():
    global cluster
    cluster = Cluster()


def tearDownModule():
    cluster.close()


def table(first=1, rows=50, bad=7):
    lines = ["id,shop,amount,day"]
    for i in range(first, first + rows):
        lines.append(f"{i}, shop {i % 3} ,{'oops' if bad and i % bad == 0 else f'{i}.50'},2026-01-{i % 2 + 1:02}")
    return "\n".join(lines) + "\n"


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        install_readers()

    def setUp(self):
        self.name = "t" + "".join(c if c.isalnum() else "_" for c in self.id().rpartition(".")[2])[:50]
        self.url = cluster.database(self.name)

    def sql(self, text):
        return cluster.psql(text, self.name)

    def lake(self, contracts=None, memory=False):
        return Lake(contracts or {"sales.yaml": CONTRACT}, memory=memory)

    def run_lake(self, lake, *arguments, check=(0,), url=None, fault=None):
        return lake.run("--warehouse", url or self.url, *arguments, check=check, fault=fault)

    def tables(self, schema="sales"):
        """Rows as they must be whatever happened: run ids and times differ from run to run."""
        found = []
        for name in ("raw_table", "bronze_table", "silver_table"):
            rows = self.sql(f"SELECT * FROM {schema}.{name} ORDER BY ingest_ts, _row_number")
            found.append([[None if v is None else ULID.sub("RUN", v) for v in row[:-1]] for row in rows])
        return found

    def fsck(self, lake):
        done = lake.run("--json", "--warehouse", self.url, command="fsck", check=(0, 1))
        report = json.loads(done.stdout)
        return done.returncode, [ULID.sub("RUN", d) for d in report["differences"]], report["unfinished"]

    def sound(self, lake):
        self.assertEqual(self.fsck(lake), (0, [], 0))
        self.assertEqual(lake.leftovers(), [])
        standing = {r[0] for r in lake.query("SELECT run_id FROM run WHERE outcome = 'loaded' AND superseded_by IS NULL")}
        for name in ("raw_table", "bronze_table", "silver_table"):
            counted = dict(lake.query("SELECT run_id, rows_out FROM stage_count WHERE stage = ?", name[:-6]))
            rows = self.sql(f"SELECT _run_id, count(*), count(DISTINCT _row_number) FROM sales.{name} GROUP BY 1")
            self.assertEqual({r[0]: int(r[1]) for r in rows}, {k: v for k, v in counted.items() if k in standing and v})
            self.assertTrue(all(r[1] == r[2] for r in rows))


class Console(Case):
    """What is carried out where somebody asks for it reaches the warehouse as well."""

    def sluice(self, lake, *arguments):
        environment = lake.environment() | {"SLUICE_DATASETS": str(lake.path / "datasets"), "SLUICE_WAREHOUSE": self.url}
        done = subprocess.run([SLUICE, *arguments, "--lake", str(lake.path), "--json", "--reason", "r"], env=environment,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)["items"][0]["state"]

    def silver(self):
        return self.sql("SELECT count(*), count(DISTINCT id), count(amount), count(DISTINCT _run_id) FROM sales.silver_table")

    def test_rows_are_added_and_a_file_is_taken_back(self):
        with self.lake() as lake:
            lake.put("raw/sales/a.csv", table())
            self.run_lake(lake)
            self.assertEqual(self.silver(), [["43", "43", "43", "1"]])
            run = lake.query("SELECT job_run_id FROM file")[0][0]
            self.assertEqual(self.sluice(lake, "redrive", run, "--rows", "--set", 'fields.amount.missingValues=["oops"]'),
                             "done")
            self.assertEqual(self.silver(), [["50", "50", "43", "2"]])
            self.sound(lake)
            # the whole file again: its rows take the place of all that came of it before
            self.assertEqual(self.sluice(lake, "redrive", run, "--set", 'fields.amount.missingValues=["oops", "1.50"]'),
                             "done")
            self.assertEqual(self.silver(), [["50", "50", "42", "1"]])
            self.sound(lake)
            run = lake.query("SELECT job_run_id FROM file")[0][0]
            self.assertEqual(self.sluice(lake, "withdraw", run), "done")
            self.assertEqual(self.silver(), [["0", "0", "0", "0"]])


class Agrees(Case):
    """Silver is what DuckDB finds in the lake."""

    def agree(self, lake, dataset):
        columns = [r[0] for r in self.sql("SELECT attname FROM pg_attribute WHERE attnum > 0 AND attrelid = "
                                          f"'{dataset}.silver_table'::regclass ORDER BY attnum")]
        names = ", ".join(f'CAST("{c}" AS VARCHAR) AS "{c}"' for c in columns)
        parquet = json.loads(query(
            f"SELECT {names} FROM read_parquet('{lake.path}/processed/*/**/*.parquet', hive_partitioning=true, "
            f"union_by_name=true) ORDER BY CAST(_row_number AS BIGINT)"))
        silver = self.sql(f'SELECT * FROM {dataset}.silver_table ORDER BY _row_number')
        plain = {"true": "t", "false": "f", "nan": "NaN", "inf": "Infinity", "-inf": "-Infinity",
                 "5e-324": "5e-324", "1.7976931348623157e+308": "1.7976931348623157e+308"}
        self.assertEqual(len(silver), len(parquet))
        for row, expected in zip(silver, parquet):
            self.assertEqual(row, [plain.get(v, v) for v in (expected[c] for c in columns)])
        return silver

    def test_real_files(self):
        for name, source, rows in (("hmrc", "hmrc_spending_over_25000_2018-09", 406),
                                   ("wakefield", "wakefield_procurement_cards_2018q2", 4468),
                                   ("online_retail", "online_retail_excerpt", 493)):
            contract = (ROOT / "schema" / "datasets" / f"{name}.yaml").read_text() + "warehouse: {}\n"
            with self.lake({f"{name}.yaml": contract}) as lake, self.subTest(name):
                lake.copy(DATA / "real" / f"{source}.csv", f"raw/{source}.csv")
                self.run_lake(lake)
                self.assertEqual(len(self.agree(lake, name)), rows)
                self.assertEqual(lake.fsck()[0], 0)

    def test_a_dirty_file(self):
        dirty = Dirty(7, 3000)
        with self.lake({"dirty.yaml": DIRTY + "warehouse: {}\n"}) as lake:
            lake.put("raw/dirty.csv", dirty.bytes)
            self.run_lake(lake)
            silver = self.agree(lake, "dirty")
            self.assertEqual((len(silver), sum(round(float(r[3]) * 100) for r in silver)), (dirty.good, dirty.cents))
            self.assertEqual(self.sql("SELECT count(*), count(_parse_error) FROM dirty.raw_table")[0][0], str(dirty.total))
            self.assertEqual(lake.fsck()[0], 0)

    def test_every_type_at_its_edges(self):
        good = [
            '9223372036854775807,"a ""quoted"", one",999999999999999.999,12345678901234567890123456789.123456789,'
            "1.7976931348623157e308,true,9999-12-31,23:59:59.999999,9999-12-31T23:59:59.999999Z",
            "-9223372036854775808,ümläut 漢字 🙂,-999999999999999.999,-0.000000001,5e-324,false,0001-01-01,00:00,"
            "0001-01-01T00:00:00Z",
            "0,  spaces  ,0.001,10000.0001,NaN,1,2000-01-01,12:00:00.5,1999-12-31T23:59:59.5Z",
            ",,,,,,,,",
            "7,x,0,0,-INF,0,1970-01-01,01:02:03,1969-12-31 23:00+01:30",
            "8,y,10000,100000000,0.1,0,2026-02-28,01:02:03,2026-01-01",
            "9,z,12.345,0.0001,3.5,0,2026-02-28,01:02:03,2026-01-01",
        ]
        bad = ["10,a\0b,1,1,1,1,2026-01-01,00:00,2026-01-01", "11,short", "12,bad,1,1,1,1,2026-01-01,25:00,2026-01-01"]
        text = "\n".join(["n,s,d,w,f,b,da,ti,ts"] + good + bad).encode() + b"\n13,\xff\xfe,1,1,1,1,2026-01-01,00:00,2026-01-01\n"
        with self.lake({"types.yaml": TYPES}) as lake:
            lake.put("raw/types/a.csv", text)
            self.run_lake(lake)
            silver = self.agree(lake, "types")
            self.assertEqual([r[0] for r in silver], ["9223372036854775807", "-9223372036854775808", "0", "7", "8", "9"])
            self.assertEqual(silver[0][3], "12345678901234567890123456789.123456789")
            raw = self.sql("SELECT n, s, da, _parse_error FROM types.raw_table ORDER BY _row_number")
            self.assertEqual(len(raw), 11)
            self.assertEqual(raw[2][1], "  spaces  ")
            self.assertEqual(raw[3], ["", "", "", "blank-row"])
            self.assertEqual(raw[7], ["10", "a\ufffdb", "2026-01-01", "null-byte"])
            self.assertEqual(raw[8], ["11", "short", None, "missing-cell"])
            self.assertEqual(raw[10][1], "\ufffd\ufffd")
            bronze = self.sql("SELECT n, s FROM types.bronze_table ORDER BY _row_number")
            self.assertEqual((bronze[2], bronze[3]), (["0", "spaces"], [None, None]))


class Faults(Case):
    def fill(self, lake):
        lake.put("raw/sales/a.csv", table())
        lake.put("raw/sales/b.csv", table(1000, 30, 0))
        lake.put("raw/sales/c.csv", "not;the;header\n1;2;3\n")

    def test_killed_around_the_point_of_no_return(self):
        with self.lake(memory=True) as lake:
            self.fill(lake)
            self.run_lake(lake, check=[1])
            expected, tables = lake.snapshot(), self.tables()
            self.sound(lake)
        self.assertEqual([len(t) for t in tables], [80, 80, 73])
        for point in ("copying", "copying:2", "loaded", "manifest", "prepared", "committing", "loaded-for-good", "warehouse",
                      "publishing", "published-output", "commit", "moved", "loaded-for-good:2"):
            self.sql("DROP SCHEMA IF EXISTS sales, sluice CASCADE")
            with self.lake(memory=True) as lake, self.subTest(point=point):
                self.fill(lake)
                self.run_lake(lake, check=[-9], fault=f"kill:{point}")
                self.run_lake(lake, check=[0, 1])
                self.assertEqual((lake.snapshot(), self.tables()), (expected, tables))
                self.sound(lake)

    def test_the_answer_to_commit_is_lost(self):
        for fault in ("fail:loaded-for-good", "fail:committing"):
            self.sql("DROP SCHEMA IF EXISTS sales, sluice CASCADE")
            with self.lake() as lake, self.subTest(fault):
                lake.put("raw/sales/a.csv", table())
                self.run_lake(lake, check=[0] if fault.endswith("good") else [3], fault=fault)
                self.run_lake(lake)
                self.assertEqual(lake.query("SELECT count(*) FROM run WHERE outcome = 'loaded'"), [(1,)])
                self.assertEqual([len(t) for t in self.tables()], [50, 50, 43])
                self.sound(lake)

    def test_the_server_is_down(self):
        with self.lake({"sales.yaml": CONTRACT, "other.yaml": OTHER}) as lake:
            lake.put("raw/sales/a.csv", table())
            lake.put("raw/other/a.csv", "a\n1\n")
            self.run_lake(lake, check=[-9], fault="kill:loaded-for-good")
            cluster.stop()
            try:
                self.run_lake(lake, check=[3])
                self.assertEqual(lake.query("SELECT arrival_key, state FROM file ORDER BY 1"),
                                 [("raw/other/a.csv", "SUCCEEDED"), ("raw/sales/a.csv", "PROCESSING")])
                lake.put("raw/sales/b.csv", table(1000, 30, 0))
                self.run_lake(lake, check=[3])
                self.assertEqual(
                    lake.query("SELECT state, waiting_for, attempts FROM file WHERE arrival_key = 'raw/sales/b.csv'"),
                    [("PENDING", "warehouse", 0)])
                self.assertEqual(lake.query("SELECT kind, subject FROM incident WHERE closed_at IS NULL"),
                                 [("warehouse", "sales")])
            finally:
                cluster.start()
            self.run_lake(lake)
            self.assertEqual([len(t) for t in self.tables()], [80, 80, 73])
            # the run that was committed is the one that went forward
            self.assertEqual(lake.query("SELECT count(*) FROM run WHERE dataset = 'sales' AND outcome = 'loaded'"), [(2,)])
            self.assertEqual(lake.query("SELECT kind, subject FROM incident WHERE closed_at IS NULL"), [])
            self.sound(lake)

    def test_the_server_stops_in_the_middle_of_a_copy(self):
        with self.lake() as lake:
            lake.put("raw/sales/a.csv", table())
            self.run_lake(lake)
            # whoever copies row 20 waits for a lock that is held here
            self.sql("CREATE FUNCTION sales.halt() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW._row_number = 20 THEN "
                     "PERFORM pg_advisory_xact_lock(7); END IF; RETURN NEW; END $$; CREATE TRIGGER halt BEFORE INSERT ON "
                     "sales.raw_table FOR EACH ROW EXECUTE FUNCTION sales.halt()")
            lake.put("raw/sales/b.csv", table(1000, 30, 0))
            holder = subprocess.Popen(["psql", "-X", "-q", "-c", "SELECT pg_advisory_lock(7)", "-c", "SELECT pg_sleep(600)",
                                       self.url], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            worker = None
            try:
                self.locks("granted", 1)
                worker = lake.start("--warehouse", self.url)
                self.locks("NOT granted", 1)
            finally:
                cluster.stop()
                cluster.start()
                holder.wait()
                if worker:
                    worker.communicate(timeout=300)
            code = worker.returncode
            self.assertEqual(code, 3)
            self.assertEqual(lake.query("SELECT state, waiting_for, attempts FROM file WHERE arrival_key LIKE '%b.csv'"),
                             [("PENDING", "warehouse", 0)])
            self.assertEqual([len(t) for t in self.tables()], [50, 50, 43])
            self.run_lake(lake)
            self.assertEqual([len(t) for t in self.tables()], [80, 80, 73])
            self.sound(lake)

    def locks(self, state, count):
        deadline = time.monotonic() + 60
        while self.sql(f"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 7 AND {state}") != [[str(count)]]:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)

    def test_what_needs_somebody(self):
        with self.lake() as lake:
            lake.put("raw/sales/a.csv", table())
            wrong = self.url.replace("owner@", "known:wrong@")
            self.assertIn("28P01", self.run_lake(lake, check=[3], url=wrong).stderr)
            self.assertIn("pgpass", lake.query("SELECT message FROM incident")[0][0])
            self.run_lake(lake, check=[3], url=self.url.replace("owner@", "known:right@"))
            self.assertIn("permission denied", lake.query("SELECT error_message FROM file")[0][0])
            self.run_lake(lake)
            self.sound(lake)
            self.sql("ALTER TABLE sales.silver_table RENAME COLUMN shop TO store")
            lake.put("raw/sales/b.csv", table(1000, 30, 0))
            self.run_lake(lake, check=[3])
            self.assertRegex(lake.query("SELECT error_message FROM file ORDER BY 1 DESC")[0][0],
                             'dropped or renamed the column shop of "sales"."silver_table"')
            self.sql("ALTER TABLE sales.silver_table RENAME COLUMN store TO shop; "
                     "ALTER TABLE sales.silver_table ALTER amount TYPE numeric(6,1)")
            self.run_lake(lake, check=[3])
            self.assertIn("numeric(6,1)", lake.query("SELECT error_message FROM file ORDER BY 1 DESC")[0][0])
            self.sql("ALTER TABLE sales.silver_table ALTER amount TYPE numeric(18,2)")
            self.run_lake(lake)
            self.sound(lake)
            self.assertIn("cannot be read", self.run_lake(lake, check=[2], url="postgresql://[").stderr)

    def test_a_contract_that_grows(self):
        with self.lake() as lake:
            lake.put("raw/sales/a.csv", table())
            self.run_lake(lake)
            grown = CONTRACT.replace("scale: 2}", "scale: 4}").replace("derive:\n", 'derive:\n  half: "round(amount / 2, 3)"\n')
            lake.put("datasets/sales.yaml", grown)
            lake.put("raw/sales/b.csv", table(1000, 1, 0))
            self.run_lake(lake)
            self.assertEqual(self.sql("SELECT id, amount, half FROM sales.silver_table WHERE id IN (1, 1000) ORDER BY 1"),
                             [["1", "1.5000", None], ["1000", "1000.5000", "500.250"]])


class Pooled(Case):
    def test_a_pooler_that_hands_out_another_server_for_each_transaction(self):
        with Pooler(cluster) as pooler, self.lake() as lake:
            lake.put("raw/sales/a.csv", table())
            lake.put("raw/sales/b.csv", table(1000, 30, 0))
            direct, self.url = self.url, pooler.url(self.name)
            self.run_lake(lake)
            self.sound(lake)
            run = lake.query("SELECT job_run_id FROM file ORDER BY 1")[0][0]
            self.assertEqual(Console.sluice(self, lake, "withdraw", run), "done")
            self.assertEqual(self.fsck(lake), (0, [], 0))
            self.url = direct
            self.assertEqual([len(t) for t in self.tables()], [30, 30, 30])


class Drift(Case):
    def test_fsck_names_what_somebody_changed_in_the_tables(self):
        with Lake({"sales.yaml": GOLD, "gold.sql": SELECT}) as lake:
            lake.put("raw/sales/a.csv", table())
            lake.put("raw/sales/b.csv", table(1000, 30, 0))
            self.run_lake(lake)
            self.assertEqual(self.fsck(lake), (0, [], 0))
            self.sql("DELETE FROM sales.silver_table WHERE id IN (1, 2, 1000); DELETE FROM sales.bronze_table WHERE id = '5'; "
                     "INSERT INTO sales.silver_table SELECT * FROM sales.silver_table WHERE id IN (1001, 1002, 1003); "
                     "INSERT INTO sales.silver_table (id, _run_id, _row_number, ingest_ts) VALUES (1, 'mine', 1, now()); "
                     "DELETE FROM sales.gold_table WHERE day = '2026-01-01'")
            code, found, _ = self.fsck(lake)
            self.assertEqual((code, sorted(found)), (1, sorted([
                "warehouse, sales.bronze_table, sales.raw_table: 99 rows of run RUN, the journal has 100",
                "warehouse, sales.silver_table: 41 rows of run RUN, the journal has 43",
                "warehouse, sales.silver_table: 32 rows of run RUN, the journal has 30",
                "warehouse, sales.silver_table: 3 rows of run RUN are there again",
                "warehouse, sales.silver_table: 1 rows of run mine, the journal has 0",
                "warehouse, sales.gold_table: 1 rows of gold, the journal has 2"])))
            self.sql("DROP TABLE sales.raw_table")
            self.assertIn("warehouse, sales.bronze_table: 30 rows of run RUN, the journal has 60", self.fsck(lake)[1])


class Stages(Case):
    """A contract says which of the stages it wants."""

    def stages(self, lake):
        return lake.query("SELECT stage, rows_in, rows_expanded, rows_out, rows_rejected FROM stage_count "
                          "WHERE stage IN ('raw', 'bronze', 'silver', 'gold') ORDER BY stage")

    def names(self):
        return [r[0] for r in self.sql("SELECT relname FROM pg_class WHERE relnamespace = 'sales'::regnamespace "
                                       "AND relkind = 'r' ORDER BY 1")]

    def balanced(self, lake, expected):
        self.assertEqual(self.fsck(lake), (0, [], 0))
        total = lake.sluice("balance", "sales")["total"]
        self.assertEqual([total[k] for k in ("delivered", "open", "difference")], expected)

    def test_silver_and_gold_alone(self):
        contract = GOLD.replace("schema: sales,", "schema: sales, stages: [silver, gold],")
        with Lake({"sales.yaml": contract, "gold.sql": "SELECT count(*) AS n FROM silver_table"}) as lake:
            lake.put("raw/sales/a.csv", table())
            self.run_lake(lake)
            self.assertEqual(self.names(), ["gold_table", "silver_table"])
            self.assertEqual(self.stages(lake), [("gold", 43, 0, 1, 0), ("silver", 50, 0, 43, 7)])
            self.assertEqual((self.sql("SELECT n FROM sales.gold_table"), (lake.path / "gold/data.csv").read_text()),
                             ([["43"]], "n\n43\n"))
            self.balanced(lake, [50, 7, 0])
            self.sql("DELETE FROM sales.silver_table WHERE id = 1")
            self.assertEqual(self.fsck(lake)[1], ["warehouse, sales.silver_table: 42 rows of run RUN, the journal has 43"])

    def test_text_alone_and_then_all(self):
        some = CONTRACT.replace("schema: sales}", "schema: sales, stages: [bronze]}")
        with self.lake({"sales.yaml": some}) as lake:
            lake.put("raw/sales/a.csv", table() + "short\n")
            self.run_lake(lake)
            self.assertEqual(self.names(), ["bronze_table"])
            self.assertEqual(self.sql("SELECT count(*), count(_parse_error) FROM sales.bronze_table"), [["51", "1"]])
            self.assertEqual(self.stages(lake), [("bronze", 50, 1, 51, 0)])
            self.balanced(lake, [51, 8, 0])
            # the whole file again, under rules that want all: what bronze had of it goes
            lake.put("datasets/sales.yaml", CONTRACT)
            run = lake.query("SELECT job_run_id FROM file")[0][0]
            self.assertEqual(Console.sluice(self, lake, "redrive", run, "--rules", "current"), "done")
            self.assertEqual([len(t) for t in self.tables()], [51, 51, 43])
            self.sound(lake)


class Large(Case):
    """What is done for files of some megabytes alone."""

    ROWS = 120000
    SILVER = CONTRACT.replace("schema: sales}", "schema: sales, stages: [silver]}")

    def silver(self):
        return self.sql("SELECT count(*), sum(id) FROM sales.silver_table")[0]

    def frozen(self):
        self.sql("CREATE EXTENSION IF NOT EXISTS pg_visibility")
        return self.sql("SELECT all_frozen = pg_relation_size('sales.silver_table') / 8192 "
                        "FROM pg_visibility_map_summary('sales.silver_table')") == [["t"]]

    def indexes(self):
        return self.sql("SELECT indexdef FROM pg_indexes WHERE schemaname = 'sales'")

    def test_an_empty_table_is_filled_with_frozen_rows_and_a_full_one_is_added_to(self):
        with self.lake({"sales.yaml": self.SILVER}) as lake:
            lake.put("raw/sales/a.csv", table(1, self.ROWS, 0))
            self.run_lake(lake, check=(-9,), fault="kill:copying:3")
            self.assertEqual(self.silver(), ["0", None])
            self.run_lake(lake)
            self.assertEqual(self.silver(), [str(self.ROWS), str(self.ROWS * (self.ROWS + 1) // 2)])
            self.assertTrue(self.frozen())
            run, arrived = lake.query("SELECT job_run_id, arrived_at FROM file")[0]
            self.assertEqual(self.sql("SELECT DISTINCT _run_id, extract(epoch FROM ingest_ts) * 1000000 FROM sales.silver_table"),
                             [[run, f"{arrived}.000000"]])
            self.assertEqual(self.sql("SELECT count(*) FROM pg_attrdef WHERE adrelid = 'sales.silver_table'::regclass"), [["0"]])
            lake.put("raw/sales/b.csv", table(self.ROWS + 1, self.ROWS, 0))
            self.run_lake(lake)
            self.assertEqual(self.silver(), [str(2 * self.ROWS), str(self.ROWS * (2 * self.ROWS + 1))])
            self.assertFalse(self.frozen())
            self.assertEqual(self.indexes(), [])
            # what is taken back has to be found
            run = lake.query("SELECT job_run_id FROM file ORDER BY arrival_key")[0][0]
            self.assertEqual(Console.sluice(self, lake, "withdraw", run), "done")
            self.assertEqual(self.silver(), [str(self.ROWS), str(self.ROWS * (3 * self.ROWS + 1) // 2)])
            self.assertIn("USING brin (_run_id)", self.indexes()[0][0])

    def test_a_table_that_somebody_looks_at_is_not_waited_for(self):
        with self.lake({"sales.yaml": self.SILVER}) as lake:
            lake.put("raw/sales/none.csv", table(1, 0))
            self.run_lake(lake)
            reader = subprocess.Popen(["psql", "-X", "-q", self.url], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            reader.stdin.write(b"BEGIN; SELECT count(*) FROM sales.silver_table;\n")
            reader.stdin.flush()
            self.assertIn(b"count", reader.stdout.readline())
            lake.put("raw/sales/a.csv", table(1, self.ROWS, 0))
            self.run_lake(lake)
            reader.communicate(b"ROLLBACK;\n")
            self.assertEqual(self.silver()[0], str(self.ROWS))
            self.assertFalse(self.frozen())

    def test_an_empty_table_that_refuses_rows(self):
        with self.lake({"sales.yaml": self.SILVER}) as lake:
            lake.put("raw/sales/none.csv", table(1, 0))
            self.run_lake(lake)
            self.sql("ALTER TABLE sales.silver_table ALTER shop SET NOT NULL; CREATE UNIQUE INDEX ON sales.silver_table (amount)")
            lake.put("raw/sales/a.csv", table(1, self.ROWS, 0) + f"{self.ROWS + 1},x,7.50,2026-01-01\n")
            self.run_lake(lake)
            self.assertEqual(self.silver(), [str(self.ROWS), str(self.ROWS * (self.ROWS + 1) // 2)])
            self.assertEqual([(r["row_number"], r["errors"][0]["code"]) for r in lake.rejects()], [(self.ROWS + 1, "unique-error")])

    def test_a_file_is_given_up_while_its_rows_are_on_their_way(self):
        with self.lake({"sales.yaml": self.SILVER + "limits: {stop_after: 100}\n"}) as lake:
            lake.put("raw/sales/a.csv", table(1, self.ROWS, 0) + table(1, 700)[19:])
            lake.put("raw/sales/b.csv", table(1, 50, 0))
            self.run_lake(lake, check=(1,))
            self.assertEqual(lake.query("SELECT state FROM file ORDER BY arrival_key"), [("QUARANTINED",), ("SUCCEEDED",)])
            self.assertEqual(self.silver(), ["50", "1275"])


class Constraints(Case):
    def test_what_only_the_database_knows_becomes_a_reject(self):
        with self.lake() as lake:
            lake.put("raw/sales/a.csv", table(1, 3, 0))
            self.run_lake(lake)
            self.sql("CREATE TABLE sales.shops (name text PRIMARY KEY); INSERT INTO sales.shops VALUES (' shop 0 '), (' shop 1 ');"
                     "DELETE FROM sales.silver_table WHERE shop = ' shop 2 ';"
                     "ALTER TABLE sales.silver_table ADD UNIQUE (id), ADD CONSTRAINT known_shop FOREIGN KEY (shop) REFERENCES "
                     "sales.shops, ADD CONSTRAINT cheap CHECK (gross < 20);"
                     "CREATE FUNCTION sales.no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                     "IF NEW.id = 6 THEN RAISE 'six is not wanted'; END IF; RETURN NEW; END $$;"
                     "CREATE TRIGGER no BEFORE INSERT ON sales.silver_table FOR EACH ROW EXECUTE FUNCTION sales.no()")
            lake.put("raw/sales/b.csv", "id,shop,amount,day\n1, shop 1 ,1.00,2026-01-01\n4, shop 1 ,oops,2026-01-01\n"
                                        "5, shop 2 ,2.00,2026-01-01\n6, shop 0 ,2.00,2026-01-01\n7, shop 0 ,99.00,2026-01-01\n"
                                        "8, shop 0 ,3.00,2026-01-01\n")
            self.run_lake(lake)
            new = lake.query("SELECT job_run_id FROM file WHERE arrival_key LIKE '%b.csv'")[0][0]
            self.assertEqual(self.sql(f"SELECT id, gross FROM sales.silver_table WHERE _run_id = '{new}'"), [["8", "3.57"]])
            rejects = {r["row_number"]: r for r in lake.rejects()}
            self.assertEqual({n: [(e["stage"], e["code"], e["column"], e["value"]) for e in r["errors"]] for n, r in rejects.items()}, {
                1: [("silver", "unique-error", "id", "1")],
                2: [("convert", "type-error", "amount", "oops")],
                3: [("silver", "foreign-key", "shop", " shop 2 ")],
                4: [("silver", "row-constraint", None, None)],
                5: [("silver", "row-constraint", None, "117.81")]})
            self.assertEqual((rejects[5]["raw"], rejects[5]["line_number"]), ("7, shop 0 ,99.00,2026-01-01", 6))
            self.assertIn("six is not wanted", rejects[4]["errors"][0]["message"])
            self.assertIn("known_shop", rejects[3]["errors"][0]["message"])
            self.assertEqual(lake.query("SELECT rows_in, rows_out, rows_rejected FROM stage_count WHERE stage = 'silver' AND "
                                        "run_id = ?", new), [(6, 1, 5)])
            self.assertEqual(lake.query("SELECT rows_in, rows_out, rows_rejected FROM run_view WHERE run_id = ?", new), [(6, 5, 5)])
            # the row that was deleted above
            self.assertEqual(self.fsck(lake),
                             (1, ["warehouse, sales.silver_table: 2 rows of run RUN, the journal has 3"], 0))
            # the four that the database alone refused are in the lake, and count once
            total = lake.sluice("balance", "sales")["total"]
            self.assertEqual([total[k] for k in ("delivered", "gold", "pending", "open", "difference")], [9, 0, 8, 1, 0])


class Gold(Case):
    def lake(self, contracts=None, memory=False):
        return Lake(contracts or {"sales.yaml": GOLD, "gold.sql": SELECT.rpartition(";")[0] + ";\n"}, memory=memory)

    def gold(self):
        return self.sql("SELECT day, sales, gross FROM sales.gold_table ORDER BY day DESC")

    def test_the_table_and_its_export(self):
        with self.lake() as lake:
            lake.put("raw/sales/a.csv", table(1, 4, 0))
            self.run_lake(lake)
            # 1.19 * (2.5 + 4.5) = 2.98 + 5.36, 1.19 * (1.5 + 3.5) = 1.79 + 4.17
            self.assertEqual(self.gold(), [["2026-01-01", "2", "8.34"], ["2026-01-02", "2", "5.96"]][::-1])
            self.assertEqual((lake.path / "gold/data.csv").read_text(),
                             "day,sales,gross,nothing,empty,odd\n"
                             '2026-01-02,2,5.96,,"","a,""b"\n2026-01-01,2,8.34,,"","a,""b"\n')
            self.assertEqual(lake.query("SELECT rows_in, rows_out, rows_merged FROM stage_count WHERE stage = 'gold'"),
                             [(4, 2, 2)])
            self.assertEqual(lake.query("SELECT rows FROM output WHERE kind = 'export' AND removed_at IS NULL"), [(2,)])
            self.run_lake(lake)
            self.assertEqual(lake.query("SELECT count(*) FROM run WHERE kind = 'load'"), [(1,)])
            lake.put("raw/sales/b.csv", table(6, 1, 0))
            self.run_lake(lake)
            self.assertEqual(self.gold()[1], ["2026-01-01", "3", "16.08"])
            self.sound(lake)

    def test_killed_on_the_way(self):
        with self.lake(memory=True) as lake:
            lake.put("raw/sales/a.csv", table(1, 4, 0))
            self.run_lake(lake)
            expected, gold = lake.snapshot(), self.gold()
        for point in ("gold-made", "gold-committed", "sealed:2", "prepared:2", "published:2", "ended:2"):
            self.sql("DROP SCHEMA IF EXISTS sales, sluice CASCADE")
            with self.lake(memory=True) as lake, self.subTest(point=point):
                lake.put("raw/sales/a.csv", table(1, 4, 0))
                self.run_lake(lake, check=[-9], fault=f"kill:{point}")
                self.run_lake(lake)
                self.assertEqual((lake.snapshot()[0], self.gold()), (expected[0], gold))
                self.sound(lake)

    def test_what_is_wrong_with_it(self):
        with self.lake() as lake:
            lake.put("raw/sales/a.csv", table(1, 4, 0))
            lake.put("datasets/gold.sql", "SELECT nothing FROM silver_table")
            done = self.run_lake(lake, check=[3])
            self.assertIn("nothing", done.stderr)
            self.assertEqual(lake.query("SELECT state FROM file"), [("SUCCEEDED",)])
            self.assertEqual(lake.query("SELECT kind, subject FROM incident WHERE closed_at IS NULL"), [("warehouse", "sales")])
            lake.put("datasets/gold.sql", SELECT)
            self.sql("CREATE TABLE sales.gold_table (mine int)")
            self.assertIn("was not made for gold", self.run_lake(lake, check=[3]).stderr)
            self.sql("DROP TABLE sales.gold_table")
            self.run_lake(lake)
            self.assertEqual(len(self.gold()), 2)
            lake.put("datasets/gold.sql", "SELECT day, 1 AS sales, 2 AS gross FROM silver_table GROUP BY 1")
            self.run_lake(lake)
            self.assertEqual(self.gold(), [["2026-01-02", "1", "2"], ["2026-01-01", "1", "2"]])
            self.assertEqual(lake.query("SELECT kind, subject FROM incident WHERE closed_at IS NULL"), [])


if __name__ == "__main__":
    unittest.main()
