"""sluiced gold against DuckDB's own answer over the processed files. covers: worker/gold"""

import hashlib
import json
import random
import shutil
import sqlite3
import unittest

from tests.integration.test_parquet import install_readers, query
from tests.lake import ON_S3, Lake

FIELDS = """
    - {name: id, type: string, constraints: {required: true}}
    - {name: part, type: integer}
    - {name: day, type: date, constraints: {required: true}}
    - {name: amount, type: number, scale: 2}
    - {name: wide, type: number, precision: 30, scale: 4}
    - {name: ok, type: boolean}
    - {name: note, type: string}
    - {name: moment, type: datetime}
    - {name: version, type: integer}
"""
CONTRACT = """
dataset: sales
source: {{match: "raw/sales/**"}}
schema:
  fields: {fields}
partition: {{date: "day"}}
output: {{codec: {codec}}}
gold: {{{gold}}}
"""
TEXT = "'{0}:' || length({1}) || ':' || {1} || ';'"
ROW_HASH = "md5(" + " || ".join(f"coalesce({TEXT.format(name, text)}, '')" for name, text in [
    ("id", "id"), ("part", "part::VARCHAR"), ("day", "day::VARCHAR"), ("amount", "amount::VARCHAR"),
    ("wide", "wide::VARCHAR"), ("ok", "ok::VARCHAR"), ("note", "note"),
    ("moment", "strftime(moment AT TIME ZONE 'UTC', '%Y-%m-%d %H:%M:%S.%f')"), ("version", "version::VARCHAR")]) + ")"


def contract(gold, fields=FIELDS, codec="zstd"):
    return {"sales.yaml": CONTRACT.format(gold=gold, fields=fields, codec=codec)}


def table(seed, rows, keys, days=3):
    random_ = random.Random(seed)
    lines = ["id,part,day,amount,wide,ok,note,moment,version"]
    for _ in range(rows):
        key = random_.randrange(keys)
        amount = "" if random_.random() < 0.1 else f"{random_.randrange(-10**9, 10**9) / 100:.2f}"
        note = random_.choice(["", "ü", '"a;b,c"', "日本語", f"note {key}"])
        at = random_.choice(["", "2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000678Z", "1955-05-05T00:00:00.5Z"])
        version = random_.choice(["", "-3", "7", "7", "100"])
        lines.append(f"K{key},{key % 3},2026-01-{1 + key % days:02},{amount},"
                     f"{random_.randrange(-10**20, 10**20)}.{random_.randrange(10**4):04},"
                     f"{random_.choice(['true', 'false', ''])},{note},{at},{version}")
    return "\n".join(lines) + "\n"


def rows(lake, sql):
    return json.loads(query(sql.replace("PROCESSED", f"read_parquet('{lake.path}/processed/**/*.parquet', union_by_name=true)")
                            .replace("GOLD", f"read_parquet('{lake.path}/gold/**/*.parquet', union_by_name=true)")))


def sha(lake, date="2026-01-01"):
    return hashlib.sha256((lake.path / f"gold/sales/date={date}/part-00000.parquet").read_bytes()).hexdigest()


class Gold(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        install_readers()

    def load(self, lake, *seeds, count=300, keys=150, days=3):
        for seed in seeds:
            lake.put(f"raw/sales/{seed}.csv", table(seed, count, keys, days))
            lake.run(check=[0])

    def gold(self, lake, *arguments, check=(0,), fault=None):
        return lake.run(*arguments, command="gold", check=check, fault=fault)

    def metrics(self, lake, date="2026-01-01"):
        return json.loads((lake.path / f"audit/gold_compaction/sales/date={date}/metrics.json").read_text())

    def same(self, lake, order, keep="true", source="PROCESSED"):
        """Gold is what DuckDB keeps of each key: the first in this order, if it is to be kept."""
        expected = rows(lake, f"SELECT * EXCLUDE rn FROM (SELECT *, row_number() OVER (PARTITION BY date, id, part ORDER BY {order}) AS rn "
                              f"FROM {source}) WHERE rn = 1 AND ({keep}) ORDER BY _run_id, _row_number")
        found = rows(lake, "SELECT * EXCLUDE row_hash FROM GOLD ORDER BY _run_id, _row_number")
        self.assertEqual(len(found), len(expected))
        self.assertEqual(found, expected)
        return found

    def sound(self, lake):
        code, report = lake.fsck()
        self.assertEqual((code, report["unfinished"]), (0, 0), report)
        self.assertEqual(lake.leftovers(), [])

    def test_the_latest_delivery_wins(self):
        with Lake(contract("key: [id, part], mode: merge")) as lake:
            self.load(lake, 1, 2, 3)
            self.gold(lake)
            self.same(lake, "ingest_ts DESC, _row_number DESC")
            self.assertEqual(rows(lake, f"SELECT count(*) AS n FROM GOLD WHERE row_hash IS DISTINCT FROM {ROW_HASH}"), [{"n": "0"}])
            self.assertEqual(sorted(k for k in lake.keys("gold")),
                             [f"gold/sales/date=2026-01-0{day}/part-00000.parquet" for day in (1, 2, 3)])
            self.sound(lake)
            # nothing changed: nothing is done; a late file makes its partitions new
            before = sha(lake)
            self.assertIn("0 compacted, 3 unchanged", self.gold(lake).stderr)
            self.load(lake, 4)
            self.assertIn("3 compacted", self.gold(lake).stderr)
            self.same(lake, "ingest_ts DESC, _row_number DESC")
            metrics = self.metrics(lake)
            self.assertEqual(metrics["against_before"]["sha256"], before)
            self.assertEqual(metrics["rows_read"], metrics["rows_kept"] + metrics["rows_duplicate"])
            self.assertEqual(sum(f["kept"] for f in metrics["files"]), metrics["rows_kept"])
            self.sound(lake)

    def test_compacted_rows_are_not_delivered_again(self):
        with Lake(contract("mode: append")) as lake:
            lake.put("raw/sales/a.csv", table(6, 50, 20))
            lake.run(check=(0,))
            before = lake.sluice("overview")["datasets"][0]
            lake.run(command="gold", check=(0,))
            after = lake.sluice("overview")["datasets"][0]
            self.assertEqual((after["rows_in"], after["rows_out"]), (before["rows_in"], before["rows_out"]))

    def test_against_before_counts_rows(self):
        with Lake(contract("key: [id, part], mode: merge")) as lake:
            self.load(lake, 1)
            self.gold(lake)
            self.assertIsNone(self.metrics(lake)["against_before"])
            shutil.copytree(lake.path / "gold", lake.path / "before")
            self.load(lake, 2)
            self.gold(lake)
            old = f"read_parquet('{lake.path}/before/sales/date=2026-01-01/*.parquet')"
            new = f"read_parquet('{lake.path}/gold/sales/date=2026-01-01/*.parquet')"
            [counts] = rows(lake, "SELECT count(*) FILTER (o.id IS NULL) AS new, count(*) FILTER (o.row_hash <> n.row_hash) AS changed, "
                                  "count(*) FILTER (o.row_hash = n.row_hash) AS unchanged, count(*) FILTER (n.id IS NULL) AS vanished "
                                  f"FROM {old} o FULL JOIN {new} n USING (id, part)")
            found = self.metrics(lake)["against_before"]
            self.assertEqual({k: str(found[k]) for k in counts}, counts)
            self.assertGreater(found["changed"], 0)
            self.assertGreater(found["new"], 0)

    def test_latest_by_a_column(self):
        for column, order in (("version", "version DESC NULLS LAST"), ("moment", "moment DESC NULLS LAST"),
                              ("note", "note DESC NULLS LAST"), ("wide", "wide DESC NULLS LAST"), ("ok", "ok DESC NULLS LAST")):
            with self.subTest(column=column), Lake(contract(f"key: [id, part], latest: {column}")) as lake:
                self.load(lake, 5, 6)
                self.gold(lake)
                self.same(lake, f"{order}, ingest_ts DESC, _row_number DESC")

    def test_deletes(self):
        with Lake(contract("key: [id, part], delete_when: \"not ok and amount > 0\"")) as lake:
            self.load(lake, 1, 2)
            self.gold(lake)
            self.same(lake, "ingest_ts DESC, _row_number DESC", keep="NOT coalesce(NOT ok AND amount > 0, false)")
            metrics = self.metrics(lake)
            self.assertGreater(metrics["rows_deleted"], 0)
            self.sound(lake)

    def test_append_keeps_every_row(self):
        with Lake(contract("mode: append")) as lake:
            self.load(lake, 1, 2)
            self.gold(lake)
            self.assertEqual(rows(lake, "SELECT count(*) AS n FROM GOLD"), [{"n": "600"}])
            self.load(lake, 3)
            self.gold(lake)
            found = self.metrics(lake)["against_before"]
            self.assertEqual((found["unchanged"], found["changed"], found["vanished"]), (found["rows"], 0, 0))

    def test_a_snapshot_replaces_and_does_not_shrink(self):
        with Lake(contract("mode: snapshot, key: [id, part]")) as lake:
            self.load(lake, 1)
            self.load(lake, 2, count=400)
            self.gold(lake)
            newest = "(SELECT * FROM PROCESSED QUALIFY ingest_ts = max(ingest_ts) OVER (PARTITION BY date))"
            self.same(lake, "_row_number DESC", source=newest)
            before = sha(lake)
            self.load(lake, 3, count=20)
            done = self.gold(lake, check=(1,))
            self.assertIn("the newest snapshot of sales date=2026-01-01 has", done.stderr)
            self.assertIn("--allow-shrink", done.stderr)
            self.assertEqual(sha(lake), before)
            self.assertEqual(lake.query("SELECT count(*) FROM incident WHERE closed_at IS NULL")[0][0], 3)
            self.gold(lake, "--allow-shrink")
            self.same(lake, "_row_number DESC", source=newest)
            self.assertEqual(lake.query("SELECT count(*) FROM incident WHERE closed_at IS NULL")[0][0], 0)
            self.sound(lake)

    def test_a_schema_that_grows(self):
        with Lake(contract("key: [id, part]")) as lake:
            self.load(lake, 1)
            lake.put("datasets/sales.yaml", contract("key: [id, part]", FIELDS.replace(
                "{name: version, type: integer}", "{name: version, type: number, precision: 30, scale: 3}").replace(
                "{name: amount, type: number, scale: 2}", "{name: amount, type: number, precision: 25, scale: 4}")
                + "    - {name: extra, type: string}\n")["sales.yaml"])
            lake.put("raw/sales/2.csv", table(2, 300, 150).replace("version\n", "version,extra\n").replace("7\n", "7.125,e\n")
                     .replace("100\n", "100,\n").replace("-3\n", "-3,f\n").replace(",\n", ",,\n"))
            lake.run(check=[0, 1])
            self.gold(lake)
            found = self.same(lake, "ingest_ts DESC, _row_number DESC")
            self.assertEqual({row["extra"] for row in found}, {None, "e", "f"})
            lake.put("datasets/sales.yaml", contract("key: [id, part]", FIELDS.replace(
                "{name: version, type: integer}", "{name: version, type: string}"))["sales.yaml"])
            self.load(lake, 3)
            before = sha(lake)
            done = self.gold(lake, check=(2,))
            self.assertIn("column version is", done.stderr)
            self.assertEqual(sha(lake), before)

    def test_explain_names_each_loser(self):
        with Lake(contract("key: [id, part]")) as lake:
            self.load(lake, 1, 2)
            lines = self.gold(lake, "--explain").stdout.splitlines()
            [lost] = rows(lake, "SELECT count(*) - count(DISTINCT (date, id, part)) AS n FROM PROCESSED")
            self.assertEqual(len(lines), int(lost["n"]))
            self.assertRegex(lines[0], r"^id=K\d+, part=\d: row \d+ of processed/\S+ lost to row \d+ of processed/\S+$")
            self.assertEqual(lake.keys("gold"), [])

    def test_what_was_withdrawn_is_gone(self):
        with Lake(contract("key: [id, part]")) as lake:
            self.load(lake, 1)
            self.gold(lake)
            with sqlite3.connect(lake.path / ".sluice/journal.db") as db:
                db.execute("UPDATE output SET removed_at = 1 WHERE kind = 'processed' AND partition = 'date=2026-01-01'")
            self.assertIn("1 compacted, 2 unchanged", self.gold(lake).stderr)
            self.assertEqual(rows(lake, "SELECT date, count(*) AS n FROM GOLD GROUP BY ALL ORDER BY 1")[0]["date"], "2026-01-02")
            path = lake.path / "gold/sales/date=2026-01-01/part-00000.parquet"
            self.assertEqual(query(f"SELECT count(*) AS n FROM read_parquet('{path}')"), '[{"n":"0"}]')
            found = self.metrics(lake)["against_before"]
            self.assertEqual(found["vanished"], found["rows"])

    def test_keys_of_other_partitions_are_counted(self):
        with Lake(contract("key: [id, part]")) as lake:
            self.load(lake, 1)
            self.load(lake, 2, days=2)
            self.gold(lake)
            counts = []
            for date in ("2026-01-01", "2026-01-02", "2026-01-03"):
                [found] = rows(lake, f"SELECT count(*) AS n FROM GOLD g WHERE date = '{date}' AND EXISTS (SELECT 1 FROM PROCESSED p "
                                     "WHERE p.date <> g.date AND p.id = g.id AND p.part = g.part)")
                counts.append(int(found["n"]))
                self.assertEqual(self.metrics(lake, date)["keys_in_other_partitions"], counts[-1])
            self.assertGreater(min(counts), 0)
            # what cannot be read of another partition leaves the number open, not the gold undone
            [path] = [lake.path / key for key in lake.keys("processed") if "date=2026-01-03" in key]
            path.write_bytes(path.read_bytes()[:-1])
            done = self.gold(lake, "--date", "2026-01-01")
            self.assertIn("keys-of-other-partitions-not-counted", done.stderr)
            self.assertIsNone(self.metrics(lake)["keys_in_other_partitions"])

    def test_many_keys_of_other_partitions_are_counted_when_asked_for(self):
        with Lake(contract("key: id")) as lake:
            lines = [f"K{i},1,2026-01-02,,,,,," for i in range(100_200)]
            lake.put("raw/sales/many.csv", "\n".join(table(1, 0, 1).splitlines() + ["K7,1,2026-01-01,,,,,,", *lines]) + "\n")
            lake.run(check=[0])
            for words, count in (("", None), (", across: always", 1), (", across: never", None)):
                lake.put("datasets/sales.yaml", contract(f"key: id{words}")["sales.yaml"])
                self.gold(lake, "--date", "2026-01-01")
                self.assertEqual(self.metrics(lake)["keys_in_other_partitions"], count)

    def test_a_damaged_file_leaves_the_gold_before(self):
        with Lake(contract("key: [id, part]")) as lake:
            self.load(lake, 1)
            self.gold(lake)
            before = sha(lake)
            self.load(lake, 2)
            victim = sorted((lake.path / "processed/sales/date=2026-01-01").iterdir())[-1]
            bytes_ = bytearray(victim.read_bytes())
            bytes_[60] ^= 1
            victim.write_bytes(bytes_)
            done = self.gold(lake, check=(4,))
            self.assertIn(f"{victim.relative_to(lake.path)}: row group 0, column id, byte 4: the CRC of a page is wrong", done.stderr)
            self.assertIn("2 compacted, 0 unchanged, 0 busy, 1 failed", done.stderr)
            self.assertEqual(sha(lake), before)
            [[message]] = lake.query("SELECT error_message FROM run WHERE kind = 'compact' AND state = 'failed'")
            self.assertIn("the CRC of a page is wrong", message)
            victim.unlink()
            self.assertIn(str(victim.relative_to(lake.path)), self.gold(lake, check=(4,)).stderr)
            self.assertEqual(sha(lake), before)
            self.assertEqual(lake.leftovers(), [])

    def test_gold_that_another_hand_changed_is_not_replaced(self):
        with Lake(contract("key: [id, part]")) as lake:
            self.load(lake, 1)
            self.gold(lake)
            path = lake.path / "gold/sales/date=2026-01-01/part-00000.parquet"
            path.write_bytes(b"mine")
            self.load(lake, 2)
            done = self.gold(lake, check=(4,))
            self.assertIn("is not the object that the last compaction published", done.stderr)
            self.assertEqual(path.read_bytes(), b"mine")
            self.assertEqual(lake.fsck()[0], 1)
            path.unlink()
            self.gold(lake)
            self.sound(lake)

    def test_a_dataset_without_gold(self):
        with Lake({"sales.yaml": contract("mode: append")["sales.yaml"].replace("gold: {mode: append}", "")}) as lake:
            self.load(lake, 1)
            self.assertIn("sales: its contract has no gold section", self.gold(lake).stderr)

    def test_a_fault_at_any_point_leaves_old_or_new(self):
        with Lake(contract("key: [id, part]")) as first:
            self.load(first, 1, count=30, days=1)
            self.gold(first)
            self.load(first, 2, count=30, days=1)
            before = sha(first)
            for name in ("gold-claimed", "gold-decided", "sealed", "manifest", "prepared", "publishing", "rename",
                         "request:3" if ON_S3 else "rename:2", "published", "commit", "ended", "journal-commit:3"):
                with Lake() as lake, self.subTest(name=name):
                    lake.become(first)
                    done = self.gold(lake, check=(3,), fault=f"fail:{name}")
                    self.assertIn("injected", done.stderr)
                    if name in ("gold-claimed", "gold-decided", "sealed", "manifest", "prepared"):
                        self.assertEqual(sha(lake), before)
                        self.assertEqual(lake.query("SELECT error_message LIKE '%injected%' FROM run WHERE state = 'failed'"), [(1,)])
                    self.gold(lake)
                    self.same(lake, "ingest_ts DESC, _row_number DESC")
                    self.sound(lake)

    def test_one_compaction_of_a_partition_at_a_time(self):
        with Lake(contract("key: [id, part]")) as lake:
            self.load(lake, 1)
            with sqlite3.connect(lake.path / ".sluice/journal.db") as db:
                db.execute("INSERT INTO run (run_id, kind, dataset, partition, state, attempt, fence, owner, lease_until, heartbeat_at, "
                           "started_at) VALUES (?, 'compact', 'sales', 'date=2026-01-02', 'claimed', 1, 1, 'elsewhere:1:1', ?, 1, 1)",
                           ("0" * 26, 2**62))
            self.assertIn("2 compacted, 0 unchanged, 1 busy", self.gold(lake, check=(3,)).stderr)

    def test_killed_at_every_point(self):
        with Lake(contract("key: [id, part]")) as first:
            self.load(first, 1, count=30, days=1)
            self.gold(first)
            self.load(first, 2, count=30, days=1)
            with Lake() as undisturbed:
                undisturbed.become(first)
                self.gold(undisturbed)
                expected, before = sha(undisturbed), sha(first)
            point, died = 0, True
            while died:
                point += 1
                with Lake() as lake, self.subTest(point=point):
                    lake.become(first)
                    died = self.gold(lake, check=(0, -9), fault=f"kill:any:{point}").returncode == -9
                    self.assertIn(sha(lake), (before, expected))
                    self.gold(lake)
                    self.assertEqual(sha(lake), expected)
                    self.sound(lake)
            self.assertGreater(point, 40)

    EXPORT = "key: [id, part]}\nwarehouse: {export: gold/sales.csv"
    COLUMNS = ("id, part::BIGINT AS part, amount::DECIMAL(18, 2) AS amount, wide::DECIMAL(30, 4) AS wide, ok::BOOLEAN AS ok, "
               "note, moment::TIMESTAMPTZ AS moment, version::BIGINT AS version, date::DATE AS date")

    def test_export(self):
        with Lake(contract(self.EXPORT)) as lake:
            self.load(lake, 1, 2)
            path = lake.path / "gold/sales.csv"
            self.assertIn("exported: ", self.gold(lake).stderr)
            for _ in range(2):
                csv = f"read_csv('{path}', header=true, all_varchar=true, quote='\"', escape='\"')"
                self.assertEqual(rows(lake, f"SELECT {self.COLUMNS} FROM {csv} ORDER BY ALL"),
                                 rows(lake, f"SELECT {self.COLUMNS} FROM GOLD ORDER BY ALL"))
                self.assertEqual(path.read_text().splitlines()[0], "id,part,day,amount,wide,ok,note,moment,version,date")
                self.sound(lake)
                self.load(lake, 3)
                self.gold(lake)
            # what did not change is not written again; what is gone is
            self.assertNotIn("exported", self.gold(lake).stderr)
            text = path.read_bytes()
            path.unlink()
            self.assertIn("exported", self.gold(lake).stderr)
            self.assertEqual(path.read_bytes(), text)
            # and what somebody else wrote is left alone
            path.write_text("mine\n")
            self.assertIn("not the object that the last export published", self.gold(lake, check=(1, 4)).stderr)
            self.assertEqual(path.read_text(), "mine\n")
            self.assertEqual(lake.query("SELECT count(*) FROM incident WHERE closed_at IS NULL"), [(1,)])
            path.unlink()
            self.gold(lake)
            self.assertEqual(path.read_bytes(), text)
            self.assertEqual(lake.query("SELECT count(*) FROM incident WHERE closed_at IS NULL"), [(0,)])

    def test_export_killed_at_every_point(self):
        with Lake(contract(self.EXPORT)) as first:
            self.load(first, 1, count=30, days=1)
            self.gold(first)
            before = (first.path / "gold/sales.csv").read_bytes()
            self.load(first, 2, count=30, days=1)
            with Lake() as undisturbed:
                undisturbed.become(first)
                self.gold(undisturbed)
                expected = (undisturbed.path / "gold/sales.csv").read_bytes()
            self.assertNotEqual(before, expected)
            point, died = 40, True
            while died:
                point += 1
                with Lake() as lake, self.subTest(point=point):
                    lake.become(first)
                    died = self.gold(lake, check=(0, -9), fault=f"kill:any:{point}").returncode == -9
                    self.assertIn((lake.path / "gold/sales.csv").read_bytes(), (before, expected))
                    self.gold(lake)
                    self.assertEqual((lake.path / "gold/sales.csv").read_bytes(), expected)
                    self.sound(lake)
            self.assertGreater(point, 55)


if __name__ == "__main__":
    unittest.main()
