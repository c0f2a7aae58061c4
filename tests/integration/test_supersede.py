"""What was loaded is read again by other rules, or taken back: the old rows go when the new ones come, and not before.

covers: worker/redrive
"""

import json
import sqlite3
import subprocess
import unittest

from tests.integration.test_parquet import install_readers, query
from tests.lake import ROOT, SLUICE, Lake

CONTRACT = """\
dataset: sales
source: {match: "raw/sales/*.csv"}
dialect: {delimiter: ","}
encoding: utf-8
schema:
  primaryKey: [id]
  fields:
    - {name: id, type: integer}
    - {name: net, type: number, scale: 2, constraints: {required: true}}
    - {name: day, type: date, constraints: {required: true}}
derive:
  gross: "round(net * 1.19, 2)"
rules:
  - {id: not_too_much, check: "net < 1000"}
partition: {date: "day"}
limits: {max_reject_pct: 50}
gold: {key: [id]}
"""
RIGHT = CONTRACT.replace("net * 1.19", "net * 1.07")
REASON = ["--reason", "the tax was wrong"]


def table(first=1, rows=20, days=2, bad=("oops",)):
    lines = ["id,net,day"] + [f"{i},{i}.00,2026-01-{i % days + 1:02}" for i in range(first, first + rows)]
    return "\n".join(lines + [f"{900 + i},{value},2026-01-01" for i, value in enumerate(bad)]) + "\n"


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        install_readers()

    def call(self, box, *arguments, fault=None):
        environment = box.environment(fault) | {"SLUICE_DATASETS": str(box.path / "datasets")}
        return subprocess.run([SLUICE, *arguments, "--lake", str(box.path), "--json"], env=environment,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)

    def sluice(self, box, *arguments, code=0):
        done = self.call(box, *arguments)
        self.assertEqual(done.returncode, code, f"sluice {arguments}\n{done.stdout}\n{done.stderr}")
        return done.stderr if code else json.loads(done.stdout)

    def request(self, box, *arguments):
        return self.sluice(box, *arguments)["items"][0]

    def ask_again(self, box, *arguments):
        """Who was told nothing looks what became of it."""
        asked = box.query("SELECT redrive_id, state FROM redrive")
        if not asked:
            self.request(box, *arguments)
        elif asked[0][1] == "requested":
            self.sluice(box, "approve", asked[0][0])

    def load(self, box, text=None, name="a.csv"):
        box.put("raw/sales/" + name, text or table())
        box.run(check=(0,))
        return box.query("SELECT job_run_id FROM file WHERE arrival_key = ?", "raw/sales/" + name)[0][0]

    def tell(self, box, contract=RIGHT):
        box.put("datasets/sales.yaml", contract)

    def rows(self, box, place="processed", columns="id, gross"):
        """As DuckDB finds them."""
        files = list((box.path / place).rglob("*.parquet"))
        if not files:
            return []
        found = query(f"SELECT {columns} FROM read_parquet('{box.path}/{place}/**/*.parquet', union_by_name=true) "
                      "ORDER BY ALL")
        return [tuple(row.values()) for row in json.loads(found)]

    def gross(self, percent, rows=20):
        """Exact, in cents: net is whole."""
        return [(str(i), f"{i * (100 + percent) // 100}.{i * (100 + percent) % 100:02}") for i in range(1, rows + 1)]

    def sound(self, box):
        code, report = box.fsck()
        self.assertEqual((code, report.get("differences"), report.get("unfinished")), (0, [], 0))
        self.assertEqual(box.leftovers(), [])
        self.assertEqual(box.query("SELECT count(*) FROM pragma_foreign_key_check"), [(0,)])
        return report

    def balance(self, box):
        return self.sluice(box, "balance", "sales")

    def file(self, box):
        return box.query("SELECT state, job_run_id, redrive_id, error_code FROM file")


class Supersede(Case):
    def test_the_new_rules_rows_alone_are_left(self):
        with Lake({"sales.yaml": CONTRACT}) as box:
            run = self.load(box)
            arrived = box.query("SELECT arrived_at FROM file")
            old = box.keys("processed")
            self.assertEqual(sorted(self.rows(box), key=lambda r: int(r[0])), self.gross(19))
            at = self.rows(box, columns="DISTINCT ingest_ts")
            self.tell(box)
            done = self.request(box, "redrive", run, *REASON)
            new = done["details"][0]["outcome_run"]
            self.assertEqual((done["state"], done["loaded"], done["details"][0]["rows"]), ("done", 1, 20))
            self.assertEqual(sorted(self.rows(box), key=lambda r: int(r[0])), self.gross(7))
            self.assertEqual(self.rows(box, columns="DISTINCT ingest_ts, _run_id"), [(*at[0], new)])
            self.assertEqual([k for k in old if (box.path / k).exists()], [])
            self.assertEqual(len(box.keys("processed")), 2)
            self.assertEqual(box.query("SELECT arrived_at FROM file"), arrived)
            self.assertEqual(self.file(box), [("SUCCEEDED", new, None, None)])
            self.assertEqual(box.query("SELECT run_id, superseded_by FROM run ORDER BY run_id"), [(run, new), (new, None)])
            self.assertEqual(box.query("SELECT run_id, open_rows, hex(row_states) FROM reject_block ORDER BY 1"),
                             [(run, 0, "06"), (new, 1, "00")])
            self.assertEqual([k for k in box.keys() if k.startswith("raw/")], [])
            location = box.query("SELECT location FROM file")[0][0]
            self.assertTrue(location.startswith("archive/"))
            self.assertEqual((box.path / location).read_text(), table())
            self.assertEqual(self.sound(box)["datasets"][0]["delivered"], 21)

    def test_it_is_shown(self):
        with Lake({"sales.yaml": CONTRACT}) as box:
            run = self.load(box)
            self.tell(box)
            new = self.request(box, "redrive", run, *REASON)["details"][0]["outcome_run"]
            shown = self.sluice(box, "show", run)
            self.assertEqual((shown["outcome"], shown["superseded_by"], shown["outputs"][0]["kind"][:7], shown["rows_open"]),
                             ("superseded", new, "rejects", 0))
            self.assertEqual(self.sluice(box, "show", new)["supersedes"], [run])
            self.assertEqual([(r["run_id"], r["status"]) for r in self.sluice(box, "runs")["items"]],
                             [(new, "loaded"), (run, "superseded")])
            text = subprocess.run([SLUICE, "show", run, "--lake", str(box.path)], env=box.environment(),
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True).stdout
            self.assertRegex(text, rf"removed by +{new}")

    def test_gold_follows(self):
        with Lake({"sales.yaml": CONTRACT}) as box:
            run = self.load(box)
            box.run(check=(0,), command="gold")
            self.assertEqual(sorted(self.rows(box, "gold"), key=lambda r: int(r[0])), self.gross(19))
            self.tell(box, RIGHT.replace('"net < 1000"', '"id > 2"'))
            self.request(box, "redrive", run, *REASON)
            self.assertTrue(self.balance(box)["balanced"])
            box.run(check=(0,), command="gold")
            self.assertEqual(sorted(self.rows(box, "gold"), key=lambda r: int(r[0])), self.gross(7)[2:])
            self.assertTrue(self.balance(box)["balanced"])
            self.sound(box)

    def test_balance_while_it_waits(self):
        with Lake({"sales.yaml": CONTRACT}) as box:
            run = self.load(box)
            self.tell(box)
            self.call(box, "redrive", run, *REASON, fault="kill:claimed")
            self.assertEqual(box.query("SELECT state FROM file"), [("PROCESSING",)])
            found = self.balance(box)
            self.assertEqual((found["balanced"], found["total"]["delivered"]), (True, 21))

    def test_again_and_again(self):
        with Lake({"sales.yaml": CONTRACT}) as box:
            run = self.load(box)
            for percent in (7, 21, 5):
                self.tell(box, CONTRACT.replace("1.19", f"1.{percent:02}"))
                run = self.request(box, "redrive", run, *REASON)["details"][0]["outcome_run"]
                self.assertEqual(sorted(self.rows(box), key=lambda r: int(r[0])), self.gross(percent))
            self.assertEqual(box.query("SELECT count(*) FROM run WHERE superseded_by IS NULL"), [(1,)])
            self.sound(box)

    def test_the_same_rules_once_more_are_refused(self):
        with Lake({"sales.yaml": CONTRACT}) as box:
            run = self.load(box)
            self.assertIn("by these very rules", self.sluice(box, "redrive", run, *REASON, code=1))
            self.tell(box)
            self.assertIn("by these very rules", self.sluice(box, "redrive", run, "--rules", "same", *REASON, code=1))
            new = self.request(box, "redrive", run, *REASON)["details"][0]["outcome_run"]
            self.assertIn("no longer loaded by run", self.sluice(box, "redrive", run, "--set", "limits.max_reject_pct=7",
                                                                 *REASON, code=1))
            self.assertEqual(self.file(box)[0][:2], ("SUCCEEDED", new))

    def test_what_would_be_quarantined_is_not_asked_for(self):
        with Lake({"sales.yaml": CONTRACT}) as box:
            run = self.load(box)
            self.tell(box, CONTRACT.replace("name: net,", "name: netto,").replace("net *", "netto *")
                      .replace("net <", "netto <"))
            self.assertIn("would be quarantined again", self.sluice(box, "redrive", run, *REASON, code=1))
            self.assertEqual(self.file(box), [("SUCCEEDED", run, None, None)])
            self.sound(box)

    def approved_then(self, box, change):
        """Asked for, approved, and the worker dies as it begins; then something changes."""
        run = self.load(box)
        before = box.snapshot()
        self.tell(box)
        self.call(box, "redrive", run, *REASON, fault="kill:claimed")
        self.assertEqual(box.query("SELECT state FROM file"), [("PROCESSING",)])
        change()
        done = box.run(check=(0,))
        self.assertIn("left as they were, as nothing better came of them: 1 file", done.stderr)
        self.assertEqual(self.file(box), [("SUCCEEDED", run, None, None)])
        request = self.request(box, "requests")
        self.assertEqual(box.query("SELECT superseded_by FROM run WHERE run_id = ?", run), [(None,)])
        return before, request

    def test_a_contract_changed_since_leaves_what_is_published(self):
        for change in ("other", "gone"):
            with self.subTest(change=change), Lake({"sales.yaml": CONTRACT}) as box:
                path = box.path / "datasets/sales.yaml"
                before, request = self.approved_then(
                    box, path.unlink if change == "gone" else lambda: path.write_text(RIGHT + "# changed\n"))
                self.assertEqual((request["state"], request["details"][0]["outcome"]), ("void", "void"))
                self.assertEqual(box.snapshot(), before)
                self.sound(box)

    def test_an_original_that_is_gone_leaves_what_is_published(self):
        with Lake({"sales.yaml": CONTRACT}) as box:
            _, request = self.approved_then(box, lambda: next((box.path / "archive").rglob("*a.csv*")).unlink())
            self.assertEqual((request["state"], request["details"][0]["outcome"]), ("failed", "kept"))
            self.assertIn("no longer lies at", request["details"][0]["message"])
            self.assertEqual(sorted(self.rows(box), key=lambda r: int(r[0])), self.gross(19))

    def test_a_changed_contract_voids_a_request(self):
        with Lake({"sales.yaml": CONTRACT}) as box:
            run = self.load(box)
            self.tell(box)
            asked = self.request(box, "redrive", run, *REASON, "--ask")["request"]
            self.tell(box, RIGHT + "# changed\n")
            self.assertIn("is void", self.sluice(box, "approve", asked, code=1))
            self.assertEqual(self.file(box), [("SUCCEEDED", run, None, None)])
            self.sound(box)

    def test_one_of_two_with_the_same_bytes(self):
        """Both were loaded while the contract let them: the one that is read again is no copy of the other now."""
        both = CONTRACT.replace('"raw/sales/*.csv"', '"raw/sales/*.csv", duplicates: load')
        with Lake({"sales.yaml": both}) as box:
            self.load(box)
            run = self.load(box, name="b.csv")
            self.tell(box)
            self.assertEqual(self.request(box, "redrive", run, *REASON)["loaded"], 1)
            self.assertEqual(box.query("SELECT state, duplicate_of FROM file"), [("SUCCEEDED", None)] * 2)
            self.assertEqual(sorted(r[1] for r in self.rows(box)),
                             sorted([r[1] for r in self.gross(19)] + [r[1] for r in self.gross(7)]))
            self.sound(box)

    def test_killed_anywhere_it_ends_the_same(self):
        def lake():
            box = Lake({"sales.yaml": CONTRACT}, memory=True)
            run = self.load(box)
            self.tell(box)
            return box, run

        box, run = lake()
        with box:
            self.request(box, "redrive", run, *REASON)
            expected = box.snapshot(), self.rows(box)
        point, points = 0, set()
        while point < 300:
            point += 1
            box, run = lake()
            with box, self.subTest(point=point):
                done = self.call(box, "redrive", run, *REASON, fault=f"kill:any:{point}")
                if done.returncode == 0:
                    break
                self.ask_again(box, "redrive", run, *REASON)
                points.add(box.query("SELECT state FROM run ORDER BY run_id DESC LIMIT 1")[0][0])
                box.run(check=(0,))
                self.assertEqual((box.snapshot(), self.rows(box)), expected)
                self.assertEqual(self.request(box, "requests")["state"], "done")
                self.sound(box)
        self.assertLessEqual({"claimed", "validated", "prepared", "publishing", "committed", "archived"}, points)
        self.assertIn(point, range(60, 300))


class Withdraw(Case):
    def test_it_is_gone_and_adds_up(self):
        with Lake({"sales.yaml": CONTRACT}) as box:
            run = self.load(box)
            self.load(box, table(101, 5, bad=()), "b.csv")
            box.run(check=(0,), command="gold")
            self.assertEqual(len(self.rows(box, "gold")), 25)
            counts = box.query("SELECT * FROM stage_count WHERE run_id = ?", run)
            self.assertIn("needs a reason", self.sluice(box, "withdraw", run, code=2))
            done = self.request(box, "withdraw", run, "--reason", "the wrong month")
            self.assertEqual((done["action"], done["state"], done["details"][0]["outcome"]), ("withdraw", "done", "withdrawn"))
            by = done["details"][0]["outcome_run"]
            self.assertEqual([int(r[0]) for r in self.rows(box)], [*range(101, 106)])
            self.assertEqual(box.query("SELECT state, job_run_id FROM file WHERE arrival_key = 'raw/sales/a.csv'"),
                             [("WITHDRAWN", run)])
            self.assertEqual(box.query("SELECT kind, outcome, state FROM run WHERE run_id = ?", by),
                             [("redrive", "withdrawn", "archived")])
            self.assertEqual(box.query("SELECT superseded_by FROM run WHERE run_id = ?", run), [(by,)])
            self.assertEqual(box.query("SELECT open_rows, hex(row_states) FROM reject_block"), [(0, "06")])
            self.assertEqual(box.query("SELECT * FROM stage_count WHERE run_id = ?", run), counts)
            self.assertEqual(self.sluice(box, "show", run)["outcome"], "withdrawn")
            self.assertTrue(self.balance(box)["balanced"])
            box.run(check=(0,), command="gold")
            self.assertEqual(sorted(int(r[0]) for r in self.rows(box, "gold")), [*range(101, 106)])
            found = self.balance(box)
            self.assertTrue(found["balanced"])
            self.assertEqual((found["total"]["delivered"], found["total"]["withdrawn"], found["total"]["gold"]), (26, 21, 5))
            self.assertEqual(self.sound(box)["datasets"][0]["delivered"], 5)
            self.assertIn("nothing to take back", self.sluice(box, "withdraw", run, "--reason", "r", code=1))

    def test_gold_of_the_last_file_has_no_rows(self):
        with Lake({"sales.yaml": CONTRACT}) as box:
            run = self.load(box)
            box.run(check=(0,), command="gold")
            self.request(box, "withdraw", run, "--reason", "r")
            box.run(check=(0,), command="gold")
            self.assertEqual(len(box.keys("gold/sales")), len(set(box.keys("gold/sales"))))
            self.assertEqual(self.rows(box, "gold", "count(*)"), [("0",)])
            self.assertEqual(self.rows(box), [])
            self.sound(box)

    def test_earlier_runs_of_the_file_stay_gone(self):
        with Lake({"sales.yaml": CONTRACT}) as box:
            run = self.load(box)
            self.tell(box)
            new = self.request(box, "redrive", run, *REASON)["details"][0]["outcome_run"]
            self.assertIn("no longer loaded by run", self.sluice(box, "withdraw", run, "--reason", "r", code=1))
            by = self.request(box, "withdraw", new, "--reason", "r")["details"][0]["outcome_run"]
            self.assertEqual(box.query("SELECT superseded_by FROM run ORDER BY run_id"), [(new,), (by,), (None,)])
            self.assertEqual(self.rows(box), [])
            self.sound(box)

    def test_it_may_be_read_again(self):
        with Lake({"sales.yaml": CONTRACT}) as box:
            run = self.load(box)
            self.request(box, "withdraw", run, "--reason", "r")
            done = self.request(box, "redrive", run, "--reason", "it was right after all")
            self.assertEqual((done["state"], done["loaded"]), ("done", 1))
            self.assertEqual(sorted(self.rows(box), key=lambda r: int(r[0])), self.gross(19))
            self.assertEqual(self.file(box)[0][0], "SUCCEEDED")
            self.assertTrue(self.balance(box)["balanced"])
            self.sound(box)

    def test_its_bytes_are_welcome_again(self):
        with Lake({"sales.yaml": CONTRACT}) as box:
            self.request(box, "withdraw", self.load(box), "--reason", "r")
            self.load(box, name="b.csv")
            self.assertEqual(box.query("SELECT state FROM file ORDER BY file_id"), [("WITHDRAWN",), ("SUCCEEDED",)])
            self.sound(box)

    def test_without_a_contract(self):
        with Lake({"sales.yaml": CONTRACT}) as box:
            run = self.load(box)
            (box.path / "datasets/sales.yaml").unlink()
            self.assertEqual(self.request(box, "withdraw", run, "--reason", "r")["state"], "done")
            self.assertEqual(self.rows(box), [])

    def test_what_is_not_loaded(self):
        with Lake({"sales.yaml": CONTRACT}) as box:
            box.put("raw/sales/a.csv", "nothing;of;this\n1;2;3\n")
            box.run(check=(1,))
            run = box.query("SELECT run_id FROM run")[0][0]
            self.assertIn("is QUARANTINED: there is nothing to take back",
                          self.sluice(box, "withdraw", run, "--reason", "r", code=1))

    def test_killed_anywhere_it_ends_the_same(self):
        expected, point, died = None, 0, True
        while died and point < 300:
            with Lake({"sales.yaml": CONTRACT}, memory=True) as box, self.subTest(point=point):
                run = self.load(box)
                done = self.call(box, "withdraw", run, "--reason", "r", fault=f"kill:any:{point}" if point else None)
                died = done.returncode != 0
                self.ask_again(box, "withdraw", run, "--reason", "r")
                box.run(check=(0,))
                expected = expected or box.snapshot()
                self.assertEqual(box.snapshot(), expected)
                self.assertEqual((self.rows(box), self.file(box)[0][:2]), ([], ("WITHDRAWN", run)))
                self.sound(box)
            died = died or not point
            point += 1
        self.assertIn(point, range(30, 300))


class Reprocess(Case):
    def deliver(self, box, count=4):
        for i in range(count):
            box.put(f"raw/sales/{i}.csv", table(i * 100 + 1, 10, bad=()))
            box.run(check=(0,))

    def test_a_dataset_by_one_request(self):
        with Lake({"sales.yaml": CONTRACT}) as box:
            self.deliver(box)
            self.assertIn("by other rules", self.sluice(box, "reprocess", "--dataset", "sales", *REASON, code=4))
            self.tell(box)
            done = self.request(box, "reprocess", "--dataset", "sales", *REASON)
            self.assertEqual((done["state"], done["files"], done["loaded"], done["finished"]), ("done", 4, 4, 4))
            self.assertEqual(len(self.rows(box)), 40)
            self.assertEqual(box.query("SELECT count(*) FROM run WHERE superseded_by IS NOT NULL"), [(4,)])
            net = sum(i * 100 + k for i in range(4) for k in range(1, 11))
            self.assertEqual(self.rows(box, columns="sum(gross)::VARCHAR"), [(f"{net * 107 // 100}.{net * 107 % 100:02}",)])
            self.sound(box)

    def test_since_and_until(self):
        with Lake({"sales.yaml": CONTRACT}) as box:
            self.deliver(box)
            self.tell(box)
            with sqlite3.connect(box.path / ".sluice/journal.db") as db:
                for i, day in enumerate((1, 10, 20, 30)):
                    db.execute("UPDATE file SET arrived_at = strftime('%s', ?) * 1000000 WHERE arrival_key = ?",
                               (f"2026-01-{day:02}T12:00:00Z", f"raw/sales/{i}.csv"))
            asked = self.request(box, "reprocess", "--dataset", "sales", "--since", "2026-01-05T00:00Z", "--until",
                                 "2026-01-25T00:00Z", "--ask", *REASON)
            self.assertEqual(sorted(d["file"] for d in asked["details"]), ["raw/sales/1.csv", "raw/sales/2.csv"])
            rest = self.request(box, "reprocess", "--dataset", "sales", "--ask", *REASON)
            self.assertEqual(sorted(d["file"] for d in rest["details"]), ["raw/sales/0.csv", "raw/sales/3.csv"])
            self.assertIn("is no time", self.sluice(box, "reprocess", "--dataset", "sales", "--since", "soon", *REASON, code=2))
            self.assertIn("which dataset", self.sluice(box, "reprocess", *REASON, code=2))

    def test_what_nobody_has_begun_with_is_called_back(self):
        with Lake({"sales.yaml": CONTRACT}) as box:
            self.deliver(box)
            before = {key: run for key, run in box.query("SELECT arrival_key, job_run_id FROM file")}
            self.tell(box)
            self.call(box, "reprocess", "--dataset", "sales", *REASON, fault="kill:ended")
            self.assertEqual(sorted(s for s, in box.query("SELECT state FROM file")), ["PENDING"] * 3 + ["SUCCEEDED"])
            request = self.request(box, "requests")
            self.assertEqual((request["state"], request["loaded"], request["files"]), ("running", 1, 4))
            stopped = self.request(box, "decline", request["request"], "--reason", "not now")
            self.assertEqual((stopped["state"], stopped["finished"]), ("declined", 4))
            self.assertEqual(sorted(d["outcome"] for d in stopped["details"]), ["declined"] * 3 + ["loaded"])
            box.run(check=(0,))
            now = {key: run for key, run in box.query("SELECT arrival_key, job_run_id FROM file")}
            self.assertEqual(len([k for k in now if now[k] == before[k]]), 3)
            self.assertEqual(box.query("SELECT DISTINCT state, redrive_id FROM file"), [("SUCCEEDED", None)])
            self.assertEqual(len(self.rows(box)), 40)
            self.sound(box)
            self.assertEqual(self.request(box, "reprocess", "--dataset", "sales", *REASON)["files"], 3)
            self.sound(box)

    def test_one_under_way_when_it_is_declined_ends(self):
        with Lake({"sales.yaml": CONTRACT}) as box:
            self.deliver(box, 2)
            self.tell(box)
            self.call(box, "reprocess", "--dataset", "sales", *REASON, fault="kill:published")
            request = self.request(box, "requests")["request"]
            self.request(box, "decline", request, "--reason", "not now")
            box.run(check=(0,))
            done = self.request(box, "requests")
            self.assertEqual((done["state"], done["loaded"], done["finished"]), ("declined", 1, 2))
            self.assertIn("decided already", self.sluice(box, "decline", request, "--reason", "r", code=1))
            self.sound(box)


class Migration(Case):
    def test_a_journal_of_the_version_before(self):
        with Lake({"sales.yaml": CONTRACT}) as box:
            path = box.path / ".sluice/journal.db"
            path.parent.mkdir()
            db = sqlite3.connect(path)
            for name in ("journal", "journal_2", "journal_3", "journal_4"):
                db.executescript((ROOT / f"schema/{name}.sql").read_text())
            db.executescript("PRAGMA application_id = 1936487785; PRAGMA user_version = 4")
            run = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
            db.execute("INSERT INTO file (file_id, arrival_key, location, dataset, version, size, arrived_at, state) "
                       "VALUES (1, 'raw/sales/x.csv', 'archive/x.csv', 'sales', 'v', 1, 1, 'SUCCEEDED')")
            db.execute("INSERT INTO run (run_id, kind, dataset, file_id, state, outcome, attempt, fence, owner, "
                       "heartbeat_at, started_at, finished_at) VALUES (?, 'file', 'sales', 1, 'archived', 'loaded', 1, "
                       "1, 'o', 1, 1, 2)", [run])
            db.execute("UPDATE file SET job_run_id = ?", [run])
            db.execute("INSERT INTO stage_count VALUES (?, 'parse', 0, 7, 7, 0, 0, 0, 0, 0, 0, 1, 2)", [run])
            db.commit()
            db.close()
            box.run(check=(0,))
            self.assertEqual(box.query("PRAGMA user_version"), [(8,)])
            self.assertEqual(box.query("PRAGMA foreign_key_check"), [])
            self.assertEqual(box.query("SELECT run_id, outcome, rows_in, superseded_by FROM run_view"),
                             [(run, "loaded", 7, None)])


if __name__ == "__main__":
    unittest.main()
