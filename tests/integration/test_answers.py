"""What the lake tells whoever asks: who did what, what somebody looks after. Values by arithmetic.

covers: worker/agent
"""

import hashlib
import json
import os
import pathlib
import sqlite3
import subprocess
import unittest

from tests.lake import SLUICE, SLUICED, Lake

CONTRACT = """\
dataset: sales
source: {match: "raw/sales/*.csv"}
schema:
  primaryKey: [id]
  fields:
    - {name: id, type: integer, constraints: {required: true}}
    - {name: amount, type: number, scale: 2}
    - {name: day, type: date, constraints: {required: true}}
partition: {date: "day"}
limits: {max_reject_pct: 100}
"""


class Case(unittest.TestCase):
    def sluice(self, box, *arguments, code=0):
        """The verb's JSON; what it says on stderr where another exit code is expected."""
        done = subprocess.run([SLUICE, *arguments, "--lake", str(box.path), "--json"],
                              env=box.environment() | {"SLUICE_DATASETS": str(box.path / "datasets")},
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        self.assertEqual(done.returncode, code, f"sluice {arguments}\n{done.stdout}\n{done.stderr}")
        return done.stderr if code else json.loads(done.stdout)

    def text(self, box, *arguments):
        done = subprocess.run([SLUICE, *arguments, "--lake", str(box.path)], env=box.environment(),
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def write(self, box, sql, *parameters):
        with sqlite3.connect(box.path / ".sluice/journal.db") as db:
            db.execute(sql, parameters)
        db.close()


def with_incidents():
    """1 closed, 2 and 3 open; one quarantined file and its cause; nothing in the audit."""
    box = Lake({"sales.yaml": CONTRACT})
    box.put("raw/sales/a.csv", "id,amount\n1,2\n")
    box.run(check=[1])
    with sqlite3.connect(box.path / ".sluice/journal.db") as db:
        db.execute("DELETE FROM incident")
        for number, closed in ((1, 9_000_000), (2, None), (3, None)):
            db.execute("INSERT INTO incident (incident_id, kind, subject, message, times, opened_at, last_at, closed_at) "
                       "VALUES (?, 'disk', ?, 'full', ?, 1000000, 2000000, ?)",
                       (number, f"volume {number}", number, closed))
    db.close()
    return box


class Incidents(Case):
    def test_open_ones_come_first_in_pages(self):
        with with_incidents() as box:
            whole = self.sluice(box, "incidents")
            self.assertEqual([(i["incident"], i["state"], i["times"]) for i in whole["items"]],
                             [(3, "open", 3), (2, "open", 2), (1, "closed", 1)])
            self.assertEqual(whole["items"][2]["closed_at"], "1970-01-01T00:00:09Z")
            seen, after = [], []
            while True:
                page = self.sluice(box, "incidents", "--limit", "1", *after)
                seen += [i["incident"] for i in page["items"]]
                if not page["next"]:
                    break
                after = ["--after", page["next"]]
            self.assertEqual(seen, [3, 2, 1])

    def test_acknowledging_an_incident(self):
        with with_incidents() as box:
            item = self.sluice(box, "acknowledge", "2", "--note", "asked for a larger one")["items"][0]
            self.assertEqual((item["incident"], item["state"], item["note"]), (2, "acknowledged", "asked for a larger one"))
            me = item["acknowledged_by"]
            self.assertTrue(me)
            self.assertIn(me, self.text(box, "incidents"))
            again = self.sluice(box, "acknowledge", "2", "--note", "it comes on Monday")["items"][0]
            self.assertEqual(again["note"], "it comes on Monday")
            self.write(box, "UPDATE incident SET acknowledged_by = 'zoe', acknowledged_at = 86400000000")
            self.assertIn("zoe has incident 2 already, since 1970-01-02T00:00:00",
                          self.sluice(box, "acknowledge", "2", "--note", "mine", code=1))
            self.assertEqual(self.sluice(box, "incidents")["items"][1]["note"], "it comes on Monday")
            self.assertIn("closed", self.sluice(box, "acknowledge", "1", code=1))
            self.assertIn("no incident 77", self.sluice(box, "acknowledge", "77", code=4))
            self.sluice(box, "acknowledge", code=2)
            self.sluice(box, "acknowledge", "2", "--cause", "1", code=2)
            done = [(line["actor"], line["action"], line["subject"]) for line in self.sluice(box, "audit")["items"]]
            self.assertEqual(done, [(me, "refused", "incident 1"), (me, "refused", "incident 2"),
                                    (me, "acknowledged", "incident 2"), (me, "acknowledged", "incident 2")])

    def test_acknowledging_a_cause(self):
        with with_incidents() as box:
            cause = self.sluice(box, "causes")["items"][0]
            self.assertIsNone(cause["acknowledged_by"])
            item = self.sluice(box, "acknowledge", "--cause", str(cause["cause"]), "--note", "new till")["items"][0]
            self.assertEqual((item["cause"], item["note"]), (cause["cause"], "new till"))
            listed = self.sluice(box, "causes")["items"][0]
            self.assertEqual(listed["acknowledged_by"], item["acknowledged_by"])
            self.write(box, "UPDATE cause_acknowledged SET acknowledged_by = 'zoe'")
            self.assertIn(f"zoe has cause {cause['cause']} already",
                          self.sluice(box, "acknowledge", "--cause", str(cause["cause"]), code=1))
            self.assertIn("no cause 99", self.sluice(box, "acknowledge", "--cause", "99", code=4))


class Audit(Case):
    def test_lines_in_pages_and_their_chain(self):
        with with_incidents() as box:
            empty = self.sluice(box, "audit")
            self.assertEqual((empty["items"], empty["verified"]), ([], {"lines": 0, "head": "0" * 64}))
            for n in range(5):
                self.sluice(box, "acknowledge", str(2 + n % 2), "--note", f"note {n}")
            whole = self.sluice(box, "audit")
            self.assertEqual([(i["id"], i["subject"], i["detail"]["note"]) for i in whole["items"]],
                             [(5 - n, f"incident {2 + (4 - n) % 2}", f"note {4 - n}") for n in range(5)])
            head = "0" * 64
            for line, in box.query("SELECT line FROM audit ORDER BY audit_id"):
                head = hashlib.sha256((head + line).encode()).hexdigest()
            self.assertEqual(whole["verified"], {"lines": 5, "head": head})
            self.assertIn(head, self.text(box, "audit"))
            first = self.sluice(box, "audit", "INCIDENT 2", "--limit", "2")
            second = self.sluice(box, "audit", "incident 2", "--limit", "2", "--after", first["next"])
            self.assertEqual([i["id"] for i in first["items"] + second["items"]], [5, 3, 1])
            self.assertEqual((second["next"], "verified" in second), (None, False))

    def test_a_line_that_was_changed_is_named(self):
        with with_incidents() as box:
            for n in range(3):
                self.sluice(box, "acknowledge", "2", "--note", f"note {n}")
            with sqlite3.connect(box.path / ".sluice/journal.db") as db:
                db.execute("DROP TRIGGER audit_keeps")
                db.execute("UPDATE audit SET line = replace(line, 'note 1', 'note X') WHERE audit_id = 2")
            db.close()
            verified = self.sluice(box, "audit")["verified"]
            self.assertEqual((verified["lines"], verified["broken"]), (1, "audit line 2 is not what was written"))
            self.assertIn("BROKEN", self.text(box, "audit"))


class Export(Case):
    def export(self, box, run, *options):
        done = self.sluice(box, "export", run, "-o", str(box.path / "out"), *options)
        rows, reasons = (pathlib.Path(done[name]).read_bytes() for name in ("file", "reasons"))
        self.assertEqual([name for name in os.listdir(box.path / "out") if name.startswith(".")], [])
        return done["rows"], rows, reasons

    def load(self, box, data, name="a.csv"):
        box.put("raw/sales/" + name, data)
        box.run(check=(0, 1))
        return box.query("SELECT run_id FROM run WHERE kind = 'file' ORDER BY run_id DESC LIMIT 1")[0][0]

    def kept(self, box, run):
        folder = box.path / "rejected/data_quality/csv/sales"
        return (folder / f"{run}.csv").read_bytes(), (folder / f"{run}.reasons.csv").read_bytes()

    def read_back(self, box, data):
        """The rows as sluice reads any file."""
        box.put("back.csv", data)
        done = subprocess.run([SLUICED, "read", str(box.path / "back.csv"), "--json"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def test_all_open_rows_are_the_reject_file(self):
        with Lake({"sales.yaml": CONTRACT}) as box:
            run = self.load(box, "a title\r\nid;amount;day\r\n1;2.5;2026-01-05\r\nx;3;2026-01-05\r\n"
                                 "\"q;\r\n\";4;2026-01-05\n5;;\r\n6;1;2026-01-05")
            count, rows, reasons = self.export(box, run)
            self.assertEqual((rows, reasons), self.kept(box, run))
            self.assertEqual((count, rows), (3, b'id;amount;day\r\nx;3;2026-01-05\r\n"q;\r\n";4;2026-01-05\n5;;\r\n'))
            self.assertEqual([row["id"] for row in self.read_back(box, rows)], ["x", "q;\r\n", "5"])

    def test_one_cause_and_open_rows_only(self):
        with Lake({"sales.yaml": CONTRACT}) as box:
            run = self.load(box, "id,amount,day\n" + "".join(
                f"{n},{'x' if n % 3 == 1 else n},{'' if n % 3 == 2 else '2026-01-05'}\n" for n in range(1, 31)))
            causes = {c["column"]: c["cause"] for c in self.sluice(box, "causes", run)["items"]}
            count, rows, reasons = self.export(box, run, "--cause", str(causes["day"]))
            self.assertEqual((count, rows.decode()), (10, "id,amount,day\n" + "".join(
                f"{n},{n},\n" for n in range(2, 31, 3))))
            self.assertEqual([int(line.split(b",")[0]) for line in reasons.splitlines()[1:]], list(range(2, 31, 3)))
            states, = box.query("SELECT row_states FROM reject_block WHERE run_id = ?", run)[0]
            self.write(box, "UPDATE reject_block SET row_states = ?, open_rows = 19 WHERE run_id = ?",
                       b"\x04" + states[1:], run)
            count, rows, _ = self.export(box, run)
            self.assertEqual(count, 19)
            self.assertEqual(rows.decode().splitlines()[1], "2,2,")

    def test_other_encodings_keep_their_bytes(self):
        text = "id;amount;day\r\n1;2.5;2026-01-05\r\nä;3;2026-01-05\r\nç;4;2026-01-05\r\n7;1;2026-01-05\r\n"
        with Lake({"sales.yaml": CONTRACT}) as box:
            for encoding, mark in (("utf-16-le", b"\xff\xfe"), ("cp1252", b""), ("utf-8", b"\xef\xbb\xbf")):
                with self.subTest(encoding):
                    run = self.load(box, mark + text.encode(encoding), encoding + ".csv")
                    count, rows, reasons = self.export(box, run)
                    self.assertEqual((rows, reasons), self.kept(box, run))
                    self.assertEqual((count, rows), (2, mark + "id;amount;day\r\nä;3;2026-01-05\r\nç;4;2026-01-05\r\n"
                                                     .encode(encoding)))

    def test_many_rows_come_in_pages(self):
        with Lake({"sales.yaml": CONTRACT}) as box:
            run = self.load(box, "id,amount,day\n" + "".join(f"{n},{'x' * 40},2026-01-05\n" for n in range(30000)))
            count, rows, reasons = self.export(box, run)
            self.assertEqual((count, (rows, reasons) == self.kept(box, run)), (30000, True))
            self.assertGreater(len(rows) + len(reasons), 2 << 20)

    def test_standard_output(self):
        with Lake({"sales.yaml": CONTRACT}) as box:
            run = self.load(box, "id,amount,day\nx,1,2026-01-05\n1,1,2026-01-05\n")
            for more in ((), ("--json",)):
                done = subprocess.run([SLUICE, "export", run, "-o", "-", "--lake", str(box.path), *more],
                                      env=box.environment(), capture_output=True, text=True)
                self.assertEqual((done.returncode, done.stdout), (0, "id,amount,day\nx,1,2026-01-05\n"))
            clean = self.load(box, "id,amount,day\n1,1,2026-01-06\n", "b.csv")
            self.assertIn("rejected no rows", self.sluice(box, "export", clean, code=4))

    def test_sensitive_values_are_told_of(self):
        with Lake({"sales.yaml": CONTRACT.replace("scale: 2}", "scale: 2, sensitive: true}")}) as box:
            run = self.load(box, "id,amount,day\nx,1,2026-01-05\n1,1,2026-01-05\n")
            self.assertEqual(self.export(box, run)[1], b"id,amount,day\nx,1,2026-01-05\n")
            line = self.sluice(box, "audit")["items"][0]
            self.assertEqual((line["action"], line["subject"], line["detail"]), ("revealed", run, {"by": "export"}))


class Balance(Case):
    """Of every row delivered it is known by arithmetic where it went."""

    CONTRACT = CONTRACT.replace("limits:", "gold: {mode: merge}\nlimits:")

    def check(self, box, code=0, **counts):
        done = subprocess.run([SLUICE, "balance", "sales", "--lake", str(box.path), "--json"], env=box.environment(),
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, code, done.stderr)
        answer = json.loads(done.stdout)
        total = answer["total"]
        self.assertEqual({key: value for key, value in total.items() if value}, counts)
        parts = [value for key, value in total.items() if key not in ("delivered", "difference")]
        self.assertEqual(total["delivered"] - sum(parts), total["difference"])
        self.assertEqual(answer["balanced"], code == 0)
        return {item["partition"]: item for item in answer["items"]}

    def test_every_row_is_counted_once(self):
        def table(first, last, day):
            return "".join(f"{n},{n},2026-01-{day:02}\n" for n in range(first, last + 1))
        head = "id,amount,day\n"
        with Lake({"sales.yaml": self.CONTRACT}) as box:
            # 20 rows, 2 of a repeated key, 3 without a day, 1 blank
            box.put("raw/sales/a.csv", head + table(1, 20, 5) + table(1, 2, 5) + "x,1,\ny,1,\nz,1,\n,,\n")
            box.run(check=(0, 1))
            self.check(box, delivered=26, pending=20, duplicates=2, open=3, filtered=1)
            box.run(command="gold", check=[0])
            self.check(box, delivered=26, gold=20, duplicates=2, open=3, filtered=1)
            # 15 more, 5 of which gold has already, on two days; the same bytes once more count nothing
            box.put("raw/sales/b.csv", head + table(16, 25, 5) + table(31, 35, 6))
            box.put("raw/sales/c.csv", "nothing\n1\n2\n")
            box.run(check=(0, 1))
            box.put("raw/sales/b.csv", head + table(16, 25, 5) + table(31, 35, 6))
            box.run(check=(0, 1))
            parts = self.check(box, delivered=41, gold=20, pending=15, duplicates=2, open=3, filtered=1)
            self.assertEqual([(p["gold"], p["pending"]) for p in parts.values()], [(20, 10), (0, 5)])
            box.run(command="gold", check=[0])
            parts = self.check(box, delivered=41, gold=30, gold_duplicates=5, duplicates=2, open=3, filtered=1)
            self.assertEqual([(name, p["processed"], p["gold"], p["gold_duplicates"]) for name, p in parts.items()],
                             [("date=2026-01-05", 30, 25, 5), ("date=2026-01-06", 5, 5, 0)])
            one = self.sluice(box, "balance", "sales", "--partition", "date=2026-01-06")
            self.assertEqual(([p["gold"] for p in one["items"]], "total" in one), ([5], False))
            # two of the open rows are dealt with
            run, states = box.query("SELECT run_id, row_states FROM reject_block")[0]
            at = [n for n, state in enumerate(states)][2:4]
            self.write(box, "UPDATE reject_block SET row_states = ?, open_rows = 3 WHERE run_id = ?",
                       states[:at[0]] + b"\x04\x05" + states[at[1] + 1:], run)
            self.check(box, delivered=41, gold=30, gold_duplicates=5, duplicates=2, open=1, discarded=1, returned=1,
                       filtered=1)
            # a row of gold is lost
            self.write(box, "UPDATE gold_partition SET rows = rows - 1 WHERE partition = 'date=2026-01-06'")
            parts = self.check(box, code=1, delivered=41, gold=29, gold_duplicates=5, duplicates=2, open=1, discarded=1,
                               returned=1, filtered=1, difference=1)
            self.assertEqual(parts["date=2026-01-06"]["difference"], 1)

    def test_what_is_not_there(self):
        with Lake({"sales.yaml": self.CONTRACT}) as box:
            box.run()
            self.assertIn("no dataset", self.sluice(box, "balance", "sales", code=4))
            self.sluice(box, "balance", code=2)


class Trace(Case):
    CONTRACT = CONTRACT.replace("limits:", "gold: {mode: merge}\nlimits:")

    def steps(self, box, key):
        """[step, file or state or gold, row] each."""
        answer = self.sluice(box, "trace", "sales", key)
        times = [step["at"] for step in answer["steps"]]
        self.assertEqual(times, sorted(times))
        return answer["steps"], [(s["step"], s.get("file") or s.get("state") or s.get("gold"), s["row"])
                                 for s in answer["steps"]]

    def test_from_delivery_to_gold(self):
        with Lake({"sales.yaml": self.CONTRACT}) as box:
            box.put("raw/sales/a.csv", "id,amount,day\n1,1,2026-01-05\n2,2,2026-01-05\n1,3,2026-01-05\n7,x,2026-01-05\n")
            box.run(check=(0, 1))
            box.put("raw/sales/b.csv", "id,amount,day\n9,9,2026-01-05\n1,4,2026-01-05\n")
            box.run(check=(0, 1))
            self.assertEqual(self.steps(box, "9")[1], [("delivered", "raw/sales/b.csv", 1), ("processed", "pending", 1)])
            box.run(command="gold", check=[0])
            one, other = (run for run, in box.query("SELECT run_id FROM run WHERE kind = 'file' ORDER BY run_id"))
            steps, seen = self.steps(box, "1")
            self.assertEqual(seen, [
                ("delivered", "raw/sales/a.csv", 1), ("delivered", "raw/sales/a.csv", 3), ("processed", "lost", 1),
                ("duplicate", "open", 3), ("delivered", "raw/sales/b.csv", 2), ("processed", "won", 2), ("gold", None, 2)])
            self.assertEqual((steps[2]["run"], steps[2]["to"]), (one, {"run": other, "row": 2}))
            self.assertIn("repeats row 1", steps[3]["message"])
            self.assertEqual(steps[6]["run"], other)
            self.assertEqual(self.steps(box, "id=2")[1][-1], ("gold", None, 2))
            rejected = self.steps(box, "7")[0][1]
            self.assertEqual((rejected["step"], rejected["code"], rejected["column"], rejected["line"], rejected["state"]),
                             ("rejected", "type-error", "amount", 5, "open"))
            self.assertEqual(self.steps(box, "8")[1], [])
            self.sluice(box, "trace", "sales", code=2)
            self.sluice(box, "trace", "nothing", "1", code=4)

    def test_a_key_of_several_columns_that_was_redriven(self):
        text = self.CONTRACT.replace("[id]", "[id, day]").replace("schema:", "dialect: {delimiter: ','}\nschema:")
        with Lake({"sales.yaml": text}) as box:
            box.put("raw/sales/a.csv", "id;amount;day\n1;1;2026-01-05\n1;2;2026-01-06\n")
            box.run(check=[1])
            run = box.query("SELECT run_id FROM run")[0][0]
            self.sluice(box, "redrive", run, "--set", "dialect.delimiter=;", "--reason", "a new till")
            steps, seen = self.steps(box, "id=1,day=2026-01-06")
            self.assertEqual([step["step"] for step in steps], ["delivered", "redriven", "processed"])
            self.assertEqual([step["row"] for step in steps], [2, 2, 2])
            self.assertEqual(steps[1]["request"], self.sluice(box, "requests")["items"][0]["request"])
            self.assertEqual(self.steps(box, "day=2026-01-05,id=1")[1][0][2], 1)
            self.assertIn("needs day=VALUE", self.sluice(box, "trace", "sales", "id=1", code=2))


class Workers(Case):
    def test_a_paused_dataset_is_left_alone(self):
        with Lake({"sales.yaml": CONTRACT}) as box:
            box.run("sales", command="pause", check=[0])
            box.put("raw/sales/a.csv", "id,amount,day\n1,1,2026-01-05\n")
            box.run(check=[0])
            self.assertEqual(box.query("SELECT state FROM file"), [("PENDING",)])
            box.run("sales", command="resume", check=[0])
            box.run(check=[0])
            self.assertEqual(box.query("SELECT state FROM file"), [("SUCCEEDED",)])
            self.assertEqual([(i["action"], i["subject"]) for i in self.sluice(box, "audit")["items"]],
                             [("resumed", "sales"), ("paused", "sales")])
            box.run("nothing", command="pause", check=[4])
            box.run(command="pause", check=[2])

    def test_a_backup_is_the_journal(self):
        with Lake({"sales.yaml": CONTRACT}) as box:
            box.put("raw/sales/a.csv", "id,amount,day\n1,1,2026-01-05\nx,1,2026-01-05\n")
            box.run(check=(0, 1))
            copy = box.path / "copy.db"
            box.run("backup", str(copy), command="journal", check=[0])
            with sqlite3.connect(copy) as db:
                self.assertEqual(db.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
                for table in ("file", "run", "stage_count", "output", "reject_block"):
                    self.assertEqual(db.execute(f"SELECT * FROM {table}").fetchall(), box.query(f"SELECT * FROM {table}"))
            db.close()
            box.run("backup", command="journal", check=[2])
            box.run("restore", str(copy), command="journal", check=[2])


if __name__ == "__main__":
    unittest.main()
