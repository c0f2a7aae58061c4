"""sluiced stage: bronze, silver and gold again from the stage before, without the files.

covers: worker/warehouse/again, covers: worker/run/stage
"""

import json
import unittest

from tests.dirty import CONTRACT as DIRTY, Dirty
from tests.integration.test_warehouse import CONTRACT, GOLD, SELECT, Case as Warehouse, table
from tests.integration import test_warehouse
from tests.lake import DATA, ROOT, Lake

CASES = """\
dataset: cases
source: {match: "raw/cases/*"}
dialect: {delimiter: ","}
encoding: utf-8
schema:
  fieldsMatch: subset
  extraColumns: rescue
  primaryKey: [id]
  missingValues: ["", "n/a"]
  fields:
    - {name: id, type: integer}
    - {name: rate, type: string}
    - {name: country, type: string}
    - {name: qty, type: integer}
    - {name: price, type: number, scale: 2}
    - {name: sold, type: datetime, formats: [iso, "%d/%m/%Y"]}
    - {name: code, type: string, constraints: {unique: true}}
    - {name: share, type: number, float: true}
reference:
  rates: {file: rates.csv, key: country, on: country, missing: reject}
  names: {file: names.csv, key: code, on: country, missing: "null"}
filter: "qty <> 0 or price is null"
derive:
  net: "round(qty * price * (1 + rates.rate / 100.0), 2)"
  label: "upper(substring(rate from 1 for 3)) || ':' || coalesce(names.name, '?')"
  per: "round(price / (qty - 7), 3)"
  twice: "net + net + per"
  day: "(sold at time zone 'Europe/Berlin')::date"
  odd: "case when id % 2 = 1 then 'odd' when rate ~ '^[a-c]' then 'abc' else replace(rate, '''', '\\"') end"
rules:
  - {id: cheap, check: "twice < 5000"}
  - {id: early, check: "sold < timestamptz '2030-01-01'", severity: warn}
  - {id: known, check: "rates.rate is not null"}
  - {id: shared, check: "share between 0 and 1 or share is null"}
partition: {month: "extract(month from sold)::integer", kind: "odd"}
warehouse: {schema: cases}
"""
RATES = "country,rate\nDE,19\nFR,20\nIT,22\n"
NAMES = "code,name\nDE,Germany\nIT,Italy\n"


def setUpModule():
    test_warehouse.setUpModule()


def tearDownModule():
    test_warehouse.tearDownModule()


def cases(rows=600):
    """Everything that can go wrong, by the row's number."""
    lines = ["id,rate,country,qty,price,sold,code,share,extra"]
    for i in range(rows):
        day = f"{i % 28 + 1:02}/{i % 12 + 1:02}/2026" if i % 3 else f"2026-{i % 12 + 1:02}-{i % 28 + 1:02}T23:30:00Z"
        lines.append(",".join([
            str(i if i % 50 else i - 25), f" {'abcdé'[i % 5]}'x " if i % 11 else "n/a", ["DE", "FR", "IT", "", "XX"][i % 5 if i % 7 else 0],
            str(i % 9 if i % 23 else "many"), f"{i}.{i % 100:02}" if i % 13 else "", day if i % 31 else "31/02/2026",
            f"c{i % 550}" if i % 17 else "", f"{i % 5 / 4}" if i % 19 else "2", f"more {i}"]))
    lines[100] = "short,row"
    lines[200] = ",,,,,,,,"
    return "\n".join(lines) + "\n"


class Case(Warehouse):
    def stage(self, lake, name, *arguments, check=(0,), fault=None):
        where = arguments or ("--dataset", "sales")
        return lake.run("--warehouse", self.url, "--json", name, *where, command="stage", check=check, fault=fault)

    def report(self, lake, name, *arguments, check=(0,)):
        return json.loads(self.stage(lake, name, *arguments, check=check).stdout)

    def rows(self, schema, tier="silver"):
        return self.sql(f"SELECT * FROM {schema}.{tier}_table ORDER BY _run_id, _row_number")

    def differs(self, schema, tier="silver"):
        """Rows of the table and of the copy of it that are not in both."""
        name = f"{schema}.{tier}_table"
        return self.sql(f"(TABLE {name} EXCEPT ALL TABLE {schema}.copy) UNION ALL (TABLE {schema}.copy EXCEPT ALL TABLE {name})")

    def copy(self, schema, tier="silver"):
        self.sql(f"DROP TABLE IF EXISTS {schema}.copy; CREATE TABLE {schema}.copy AS TABLE {schema}.{tier}_table")


class Same(Case):
    """No rule has changed: nothing does."""

    def test_real_files(self):
        for name, source, rows in (("hmrc", "hmrc_spending_over_25000_2018-09", 406),
                                   ("wakefield", "wakefield_procurement_cards_2018q2", 4468),
                                   ("online_retail", "online_retail_excerpt", 493)):
            contract = (ROOT / "schema" / "datasets" / f"{name}.yaml").read_text() + "warehouse: {}\n"
            with Lake({f"{name}.yaml": contract}) as lake, self.subTest(name):
                lake.copy(DATA / "real" / f"{source}.csv", f"raw/{source}.csv")
                self.run_lake(lake)
                for tier in ("bronze", "silver"):
                    self.copy(name, tier)
                    self.sql(f"UPDATE {name}.{tier}_table SET ingest_ts = now()")
                    self.report(lake, tier, "--dataset", name)
                    self.assertEqual(self.differs(name, tier), [])
                self.assertEqual(len(self.rows(name)), rows)
                self.assertEqual(self.fsck(lake), (0, [], 0))

    def test_a_dirty_file(self):
        dirty = Dirty(11, 3000)
        with Lake({"dirty.yaml": DIRTY + "warehouse: {}\n"}) as lake:
            lake.put("raw/dirty.csv", dirty.bytes)
            self.run_lake(lake)
            self.copy("dirty")
            report = self.report(lake, "silver", "--dataset", "dirty")
            self.assertEqual(self.differs("dirty"), [])
            self.assertEqual((report["rows_in"], report["rows_out"], report["rows_filtered"]),
                             (dirty.total, dirty.good, dirty.blank))
            repeats = sum(r["codes"] == ["primary-key"] for r in dirty.rejects)
            self.assertEqual((report["rows_duplicate"], report["rows_rejected"]), (repeats, len(dirty.rejects) - repeats))
            self.assertEqual((report["newly_rejected"], report["newly_passing"]), (0, 0))
            self.assertEqual(self.fsck(lake), (0, [], 0))

    def test_a_contract_full_of_expressions(self):
        with Lake({"cases.yaml": CASES, "rates.csv": RATES, "names.csv": NAMES}) as lake:
            lake.put("raw/cases/a.csv", cases())
            self.run_lake(lake)
            sheet = lake.query("SELECT rows_out, rows_rejected, rows_duplicate, rows_filtered FROM stage_count WHERE stage = "
                               "'silver'")
            self.assertTrue(all(n > 0 for n in sheet[0]), sheet)
            errors = {(e["code"], e["rule_id"] or e["column"]) for r in lake.rejects() for e in r["errors"]}
            self.assertLessEqual({("expression-error", "per"), ("row-constraint", "cheap"), ("row-constraint", "shared"),
                                  ("foreign-key", "country"), ("unique-error", "code"), ("missing-cell", "country"), ("partition-error", None)}, errors)
            self.copy("cases")
            report = self.report(lake, "silver", "--dataset", "cases")
            self.assertEqual(self.differs("cases"), [])
            self.assertEqual((report["newly_rejected"], report["newly_passing"]), (0, 0))
            self.assertEqual(lake.query("SELECT rows_out, rows_rejected, rows_duplicate, rows_filtered FROM stage_count JOIN run "
                                        "USING (run_id) WHERE kind = 'load'"), sheet)
            self.assertEqual(self.fsck(lake), (0, [], 0))


class Changed(Case):
    NEW = (CASES.replace('"qty <> 0 or price is null"', '"net is null or net <> 0"').replace('"", "n/a"', '"", "n/a", "many", "31/02/2026"')
           .replace("twice < 5000", "twice < 3000").replace("between 0 and 1 ", "between 0 and 0.9 ")
           .replace("qty - 7", "qty - 3").replace("  label:", '  half: "net / 2.0 > 100"\n  label:').replace("missing: reject", "missing: \"null\"")
           .replace("{name: price, type: number, scale: 2}", "{name: price, type: number, scale: 2, constraints: {maximum: 550}}"))

    def plain(self, schema, tier):
        """All but the columns that tell one load from another."""
        columns = self.sql(f"SELECT string_agg(quote_ident(attname), ', ' ORDER BY attname) FROM pg_attribute WHERE attnum > 0 AND "
                           f"attrelid = '{schema}.{tier}_table'::regclass AND attname NOT IN ('_run_id', 'ingest_ts')")[0][0]
        return self.sql(f"SELECT {columns} FROM {schema}.{tier}_table ORDER BY _row_number")

    def test_it_is_what_a_fresh_load_gives(self):
        # a byte that is no UTF-8 is U+FFFD in raw, and is rejected all the same
        text = cases().encode().replace(b" b'x ,DE", b" \xff'x ,DE", 1)
        references = {"rates.csv": RATES, "names.csv": NAMES}
        with Lake({"cases.yaml": CASES} | references) as lake:
            lake.put("raw/cases/a.csv", text)
            self.run_lake(lake)
            self.copy("cases")
            old = {r["row_number"] for r in lake.rejects()}
            lake.put("datasets/cases.yaml", self.NEW)
            report = self.report(lake, "bronze", "--dataset", "cases")
            self.assertEqual((report["rows_in"], report["rows_out"], report["gold_rows"]), (600, 600, None))
            report = self.report(lake, "silver", "--dataset", "cases")
            with Lake({"cases.yaml": self.NEW.replace("schema: cases", "schema: fresh")} | references) as other:
                # tables are a dataset's own: another name for the same rules
                other.put("datasets/cases.yaml", self.NEW.replace("schema: cases", "schema: fresh").replace("dataset: cases", "dataset: fresh"))
                other.put("raw/cases/a.csv", text)
                self.run_lake(other)
                new = {r["row_number"]: r["errors"] for r in other.rejects()}
                sheet = other.query("SELECT rows_in, rows_out, rows_rejected, rows_duplicate, rows_filtered FROM stage_count WHERE "
                                    "stage = 'silver'")
            self.assertEqual(self.plain("cases", "bronze"), self.plain("fresh", "bronze"))
            self.assertEqual(self.plain("cases", "silver"), self.plain("fresh", "silver"))
            load = lake.query("SELECT run_id FROM run JOIN stage_count USING (run_id) WHERE kind = 'load' AND stage = 'silver'")[0][0]
            self.assertEqual(lake.query("SELECT rows_in, rows_out, rows_rejected, rows_duplicate, rows_filtered FROM stage_count "
                                        "WHERE run_id = ?", load), sheet)
            # who is rejected now and was not has the very errors of a fresh load
            lost = {r["row_number"]: r for r in lake.rejects() if r["run_id"] == load}
            self.assertEqual(set(lost), set(new) - old)
            self.assertEqual({n: [(e["stage"], e["code"], e["column"], e["rule_id"], e["message"]) for e in r["errors"]]
                              for n, r in lost.items()},
                             {n: [(e["stage"], e["code"], e["column"], e["rule_id"], e["message"]) for e in new[n]] for n in lost})
            row = next(iter(lost.values()))
            self.assertEqual(row["cells"]["id"], self.sql(f"SELECT id FROM cases.bronze_table WHERE _row_number = {row['row_number']}")[0][0])
            self.assertEqual(lake.query("SELECT sum(rows) FROM run_cause WHERE run_id = ?", load), [(len(lost),)])
            silver = {int(r[0]) for r in self.sql("SELECT _row_number FROM cases.silver_table")}
            self.assertEqual((report["newly_rejected"], report["newly_passing"]), (len(lost), len(old & silver)))
            self.assertTrue(lost and old & silver)
            self.assertEqual(self.fsck(lake), (0, [], 0))
            key = f"rejected/data_quality/json/cases/{load}.jsonl"
            told = (lake.path / key).read_bytes()
            (lake.path / key).write_bytes(told.partition(b"\n")[2])
            self.assertEqual(self.fsck(lake)[1], [f"rejected/data_quality/json/cases/RUN.jsonl: holds {len(lost) - 1} rows, the "
                                                  f"journal has {len(lost)}"])
            (lake.path / key).write_bytes(told)
            # the rules of before again: so is silver, and what was told of it between is past
            lake.put("datasets/cases.yaml", CASES.replace("derive:\n", 'derive:\n  half: "null::boolean"\n'))
            report = self.report(lake, "silver", "--dataset", "cases")
            self.sql("ALTER TABLE cases.copy ADD half boolean")
            self.assertEqual((self.differs("cases"), report["newly_rejected"], report["newly_passing"]), ([], 0, 0))
            self.assertEqual(lake.query("SELECT sum(rows - superseded) FROM run_cause WHERE run_id = ?", load), [(0,)])
            self.assertEqual(self.fsck(lake), (0, [], 0))

    def test_what_stands_by_several_runs(self):
        with self.lake() as lake:
            lake.put("raw/sales/a.csv", table())
            lake.put("raw/sales/b.csv", table(1000, 5, 0))
            self.run_lake(lake)
            run = lake.query("SELECT job_run_id FROM file ORDER BY file_id")[0][0]
            sluice = test_warehouse.Console.sluice
            self.assertEqual(sluice(self, lake, "redrive", run, "--rows", "--set", 'fields.amount.missingValues=["oops"]'), "done")
            self.copy("sales")
            report = self.report(lake, "silver")
            self.assertEqual((self.differs("sales"), report["rows_in"], report["rows_out"], report["rows_merged"]), ([], 62, 55, 7))
            self.assertEqual(self.fsck(lake), (0, [], 0))
            # by the contract itself the rows would pass: they are the later run's all the same
            lake.put("datasets/sales.yaml", CONTRACT.replace('["", "NULL"]', '["", "NULL", "oops"]'))
            self.report(lake, "silver", "--run", run[-8:])
            self.assertEqual(self.differs("sales"), [])
            # what was taken back does not come again
            self.assertEqual(sluice(self, lake, "withdraw", run), "done")
            report = self.report(lake, "silver")
            self.assertEqual((report["files"], len(self.rows("sales"))), (1, 5))
            self.assertEqual(self.fsck(lake), (0, [], 0))

    def test_rows_that_pass_now_and_are_read_again(self):
        with self.lake() as lake:
            lake.put("raw/sales/a.csv", table())
            self.run_lake(lake)
            lake.put("datasets/sales.yaml", CONTRACT.replace('["", "NULL"]', '["", "NULL", "oops"]'))
            report = self.report(lake, "silver")
            self.assertEqual((report["newly_passing"], report["rows_out"], len(self.rows("sales"))), (7, 50, 50))
            run = lake.query("SELECT job_run_id FROM file")[0][0]
            # by themselves they would stand there twice; the whole file brings them to the lake as well
            test_warehouse.Console.sluice(self, lake, "redrive", run, "--rows", "--rules", "current")
            self.assertIn("holds rows that run", lake.query("SELECT error_message FROM run WHERE kind = 'redrive'")[0][0])
            self.assertEqual(test_warehouse.Console.sluice(self, lake, "redrive", run, "--rules", "current"), "done")
            self.assertEqual(len(self.rows("sales")), 50)
            self.assertEqual(self.fsck(lake), (0, [], 0))

    def test_constraints_of_the_table(self):
        with self.lake() as lake:
            lake.put("raw/sales/a.csv", table(1, 9, 5))
            self.run_lake(lake)
            self.sql("DELETE FROM sales.silver_table WHERE id > 7; ALTER TABLE sales.silver_table ADD CONSTRAINT few CHECK (id < 8), "
                     "ADD UNIQUE (id)")
            report = self.report(lake, "silver")
            self.assertEqual((report["rows_out"], report["rows_rejected"], report["newly_rejected"]), (6, 3, 2))
            lost = {r["row_number"]: r["errors"] for r in lake.rejects() if "of_run" in r}
            self.assertEqual({n: [(e["stage"], e["code"]) for e in errors] for n, errors in lost.items()},
                             {8: [("silver", "row-constraint")], 9: [("silver", "row-constraint")]})
            self.assertIn("few", lost[8][0]["message"])
            self.assertEqual(self.fsck(lake), (0, [], 0))


class Kept(Case):
    def test_stages_that_are_not_kept(self):
        for kept, refused, said, trimmed in (("raw, silver", "bronze", "no bronze of run", False),
                                             ("bronze, silver", "bronze", "no raw of run", True),
                                             ("silver", "silver", "no bronze or raw of run", None)):
            self.sql("DROP SCHEMA IF EXISTS sales, sluice CASCADE")
            contract = CONTRACT.replace("{schema: sales}", f"{{schema: sales, stages: [{kept}]}}")
            with self.lake({"sales.yaml": contract}, memory=True) as lake, self.subTest(kept):
                lake.put("raw/sales/a.csv", table())
                self.run_lake(lake)
                self.copy("sales")
                self.assertIn(said, self.report(lake, refused, check=[1])["refused"][0]["message"])
                if trimmed is not None:
                    self.report(lake, "silver")
                if trimmed:
                    self.sql("UPDATE sales.copy SET shop = btrim(shop)")
                self.assertEqual((len(self.rows("sales")), self.differs("sales")), (43, []))
                self.assertEqual(self.fsck(lake), (0, [], 0))


class Refused(Case):
    def test_what_cannot_be_made(self):
        with self.lake() as lake:
            lake.put("raw/sales/a.csv", table())
            self.run_lake(lake)
            self.copy("sales")
            strict = CONTRACT.replace('check: "amount >= 0"}', 'check: "amount < 40", severity: quarantine, tolerate: 3}')
            lake.put("datasets/sales.yaml", strict)
            refused = self.report(lake, "silver", check=[1])["refused"]
            self.assertRegex(refused[0]["message"], "rule not_negative fails on 9 rows, 3 are tolerated")
            lake.put("datasets/sales.yaml", CONTRACT + "limits: {max_reject_pct: 10}\n")
            self.assertIn("7 of 50 rows would be rejected (14.0 %)", self.report(lake, "silver", check=[1])["refused"][0]["message"])
            self.assertEqual(self.differs("sales"), [])
            self.assertEqual(lake.query("SELECT count(*) FROM run WHERE kind = 'load' AND state = 'failed'"), [(2,)])
            self.assertEqual(lake.leftovers(), [])
            lake.put("datasets/sales.yaml", CONTRACT)
            for arguments, said in ((("raw", "--dataset", "sales"), "reprocess"), (("silver",), "--run ID or --dataset NAME"),
                                    (("silver", "--dataset", "none"), "no contract of a dataset none"),
                                    (("silver", "--run", "nothing"), "no run has"), (("gold", "--dataset", "sales"), "no gold_sql")):
                self.assertIn(said, lake.run("--warehouse", self.url, *arguments, command="stage", check=[2]).stderr)
            self.assertIn("no warehouse", lake.run("silver", "--dataset", "sales", command="stage", check=[2]).stderr)
            self.sql("DELETE FROM sales.bronze_table WHERE _row_number = 3")
            self.assertIn("bronze_table\" holds 49 rows", self.report(lake, "silver", check=[4])["refused"][0]["message"])
            self.assertEqual(self.differs("sales"), [])
            # raw has it still
            self.report(lake, "bronze")
            self.report(lake, "silver")
            self.assertEqual(self.fsck(lake), (0, [], 0))
            self.sql("DELETE FROM sales.silver_table WHERE _row_number = 4")
            self.assertEqual(self.fsck(lake)[1], ["warehouse, sales.silver_table: 42 rows of run RUN, the journal has 43"])

    def test_killed_on_the_way(self):
        new = GOLD.replace("amount >= 0", "amount < 40")
        with Lake({"sales.yaml": GOLD, "gold.sql": SELECT}, memory=True) as lake:
            lake.put("raw/sales/a.csv", table())
            self.run_lake(lake)
            for point, changed in (("stage-taken", False), ("stage-made", False), ("stage-prepared", False),
                                   ("stage-committing", False), ("stage-committed", True), ("publishing", True), ("commit", True),
                                   ("ended", True)):
                with self.subTest(point=point):
                    lake.put("datasets/sales.yaml", GOLD)
                    self.stage(lake, "silver")
                    self.copy("sales")
                    lake.put("datasets/sales.yaml", new)
                    self.stage(lake, "silver", check=[-9], fault=f"kill:{point}")
                    self.run_lake(lake)
                    # 40.50 to 50.50, but those of 42 and 49
                    self.assertEqual(len(self.differs("sales")), 9 if changed else 0)
                    self.assertEqual(self.sql("SELECT sum(sales) FROM sales.gold_table"), [["34" if changed else "43"]])
                    self.sound(lake)
            self.stage(lake, "silver", fault="fail:stage-committed")
            self.assertEqual(len(self.rows("sales")), 34)
            self.assertEqual(self.fsck(lake), (0, [], 0))

    def sound(self, lake):
        self.assertEqual(self.fsck(lake), (0, [], 0))
        self.assertEqual(lake.leftovers(), [])


if __name__ == "__main__":
    unittest.main()
