"""Rejected rows of a loaded file are read again without the rest of it: only they arrive, once, and the run's loss says so.

covers: worker/run, worker/redrive, worker/journal
"""

import subprocess
import unittest

from tests.integration.test_supersede import Case
from tests.lake import SLUICED, Lake

CONTRACT = """\
dataset: sales
source: {match: "raw/sales/*.csv"}
dialect: {delimiter: ";"}
encoding: utf-8
schema:
  fieldsMatch: partial
  primaryKey: [id]
  fields:
    - {name: id, type: integer}
    - {name: net, type: number, scale: 2, constraints: {required: true}}
    - {name: day, type: date, constraints: {required: true}}
filter: "net <> 0"
partition: {date: "day"}
limits: {max_reject_pct: 60}
gold: {key: [id]}
"""
COMMA = ["--set", "fields.net.decimalChar=,"]
REASON = ["--reason", "decimal commas"]


def table(rows=40, extra=("500;oops;2026-01-01",)):
    """Every fourth price has a decimal comma."""
    lines = [f"{i};{i}{',' if i % 4 == 0 else '.'}50;2026-01-0{i % 2 + 1}" for i in range(1, rows + 1)]
    return "id;net;day\n" + "\n".join([*lines, *extra]) + "\n"


class Rows(Case):
    def loaded(self, box, text=None, name="a.csv"):
        return self.load(box, text or table(), name)

    def states(self, box, run):
        return "".join(str(byte) for states, in box.query(
            "SELECT row_states FROM reject_block WHERE run_id = ? ORDER BY block", run) for byte in states)

    def counts(self, box, run):
        show = self.sluice(box, "show", run)
        return [show["rows_" + state] for state in ("open", "requested", "recovered", "rejected_again", "discarded")]

    def prices(self, box, folder="processed"):
        return sorted((int(r[0]), r[1]) for r in self.rows(box, folder, "id, net"))

    def good(self, but=()):
        return [(i, f"{i}.50") for i in range(1, 41) if i not in but]

    def test_only_they_arrive_and_the_loss_reads_as_recovered(self):
        with Lake({"sales.yaml": CONTRACT}) as box:
            run = self.loaded(box)
            arrived = box.query("SELECT arrived_at FROM file")
            before = box.snapshot()
            self.assertEqual(self.counts(box, run), [11, 0, 0, 0, 0])
            tried = self.sluice(box, "rehearse", run, "--rows", *COMMA)
            self.assertEqual([tried[k] for k in ("scope", "rows", "would_pass", "would_fail", "duplicates", "filtered")],
                             ["rows", 11, 10, 1, 0, 0])
            self.assertEqual(box.snapshot(), before)
            request = self.request(box, "redrive", run, "--rows", *COMMA, *REASON)
            again = request["details"][0]["outcome_run"]
            self.assertEqual((request["state"], request["scope"], request["rows"]), ("done", "rows", 11))
            self.assertEqual(self.prices(box), self.good())
            self.assertEqual(self.counts(box, run), [0, 0, 10, 1, 0])
            self.assertEqual(self.states(box, run), "2" * 10 + "3")
            self.assertEqual(self.counts(box, again), [1, 0, 0, 0, 0])
            show = self.sluice(box, "show", run)
            self.assertEqual((show["reread_by"], show["outcome"], show["rows_rejected"]), ([again], "loaded", 11))
            self.assertEqual(self.sluice(box, "show", again)["rows_of"], run)
            self.assertEqual(box.query("SELECT state, job_run_id, redrive_id FROM file"), [("SUCCEEDED", run, None)])
            self.assertEqual(box.query("SELECT arrived_at FROM file"), arrived)
            after = box.snapshot()[0]
            self.assertEqual({key: after[key][:len(held)] for key, held in before[0].items()}, before[0])
            box.run(check=(0,), command="gold")
            self.assertEqual(self.prices(box, "gold"), self.good())
            balance = self.sluice(box, "balance", "sales")
            self.assertEqual([balance["total"][k] for k in ("delivered", "gold", "open", "difference")], [41, 40, 1, 0])
            steps = [s["step"] for s in self.sluice(box, "trace", "sales", "4")["steps"]]
            self.assertEqual(sorted(steps), ["delivered", "gold", "processed", "redriven", "rejected"])
            self.sound(box)

    def test_numbers_and_causes_choose(self):
        with Lake({"sales.yaml": CONTRACT}) as box:
            run = self.loaded(box)
            causes = {c["shape"]: c["cause"] for c in self.sluice(box, "causes", run)["items"]}
            self.assertEqual(set(causes), {"9,99", "99,99", "aaaa"})
            self.request(box, "redrive", run, "--row", "12", *COMMA, *REASON)
            self.assertEqual(self.prices(box), self.good(but=[4, 8, *range(16, 41, 4)]))
            self.request(box, "redrive", "--cause", str(causes["9,99"]), *COMMA, *REASON)
            self.assertEqual(self.prices(box), self.good(but=range(16, 41, 4)))
            self.assertEqual(self.counts(box, run), [8, 0, 3, 0, 0])
            items = {c["shape"]: (c["open"], c["recovered"]) for c in self.sluice(box, "causes", run)["items"]}
            self.assertEqual(items, {"9,99": (0, 2), "99,99": (7, 1), "aaaa": (1, 0)})
            self.assertIn("is no such", self.sluice(box, "redrive", run, "--row", "12", *COMMA, *REASON, code=4)
                          .replace("has no such rejected row that is open", "is no such"))
            self.assertIn("no such rejected row", self.sluice(box, "redrive", run, "--row", "1", *COMMA, *REASON, code=4))
            self.sound(box)

    def test_what_would_only_fail_again_is_refused(self):
        with Lake({"sales.yaml": CONTRACT}) as box:
            run = self.loaded(box)
            self.assertIn("none of the 11 rows", self.sluice(box, "redrive", run, "--rows", *REASON, code=1))
            self.assertIn("none of the 1 rows", self.sluice(box, "redrive", run, "--row", "41", *COMMA, *REASON, code=1))
            self.assertEqual(self.states(box, run), "0" * 11)
            self.assertEqual(box.query("SELECT count(*) FROM redrive"), [(0,)])
            refused = box.query("SELECT count(*) FROM audit WHERE action = 'refused'")
            self.assertEqual(refused, [(2,)])

    def test_a_key_that_is_loaded_is_not_loaded_again(self):
        """Row 41 repeats a loaded key, rows 42 and 43 each other's; the filter takes row 44."""
        extra = ["7;7,50;2026-01-02", "600;6,50;2026-01-01", "600;7,50;2026-01-01", "601;0,00;2026-01-01"]
        with Lake({"sales.yaml": CONTRACT}) as box:
            run = self.loaded(box, table(extra=extra))
            again = self.request(box, "redrive", run, "--rows", *COMMA, *REASON)["details"][0]["outcome_run"]
            self.assertEqual(self.prices(box), [*self.good(), (600, "6.50")])
            self.assertEqual(self.states(box, run), "2" * 10 + "3232")
            rows = self.sluice(box, "rows", again)["items"]
            self.assertEqual([(r["row_number"], r["reject"]["errors"][0]["message"]) for r in rows],
                             [(41, "the key (id) repeats row 7"), (43, "the key (id) repeats row 42")])
            self.assertEqual(self.sluice(box, "balance", "sales")["total"]["difference"], 0)
            self.sound(box)

    def test_rules_that_cut_the_file_otherwise_have_other_rows(self):
        extra = ["500;1,50;2026-01-01|x", '501;"2,50;2026-01-02', '502;3.50;2026-01-02"']
        with Lake({"sales.yaml": CONTRACT + "\n"}) as box:
            run = self.loaded(box, table(extra=extra))
            other = self.sluice(box, "rehearse", run, "--rows", *COMMA, "--set", "dialect.quoteChar='")
            self.assertEqual((other["outcome"], other["code"]), ("would-quarantine", "rows-differ"))
            self.assertIn("of the 12 rows are other records", other["message"])

    def test_somebody_else_decides(self):
        with Lake({"sales.yaml": CONTRACT}) as box:
            run = self.loaded(box)
            asked = self.request(box, "redrive", run, "--rows", *COMMA, *REASON, "--ask")["request"]
            self.assertEqual(self.counts(box, run), [0, 11, 0, 0, 0])
            self.assertIn("no such rejected row", self.sluice(box, "redrive", run, "--row", "4", *COMMA, *REASON, code=4))
            self.assertIn("not all of these", self.sluice(box, "discard", run, "--row", "4", "--reason", "r", code=1))
            self.request(box, "decline", asked, "--reason", "not now")
            self.assertEqual(self.counts(box, run), [11, 0, 0, 0, 0])
            asked = self.request(box, "redrive", run, "--row", "4", *COMMA, *REASON, "--ask")["request"]
            (box.path / "datasets/sales.yaml").write_text(CONTRACT + "# changed\n")
            self.assertIn("is void", self.sluice(box, "approve", asked, code=1))
            self.assertEqual(self.counts(box, run), [11, 0, 0, 0, 0])
            asked = self.request(box, "redrive", run, "--row", "4", *COMMA, *REASON, "--ask")["request"]
            self.assertEqual(self.request(box, "approve", asked)["state"], "done")
            self.assertEqual(self.counts(box, run), [10, 0, 1, 0, 0])
            self.sound(box)

    def test_what_nobody_decides_on_is_open_again_after_a_day(self):
        with Lake({"sales.yaml": CONTRACT}) as box:
            run = self.loaded(box)
            self.request(box, "redrive", run, "--rows", *COMMA, *REASON, "--ask")
            box.run(check=(0,))
            self.assertEqual(self.counts(box, run), [0, 11, 0, 0, 0])
            day = box.query("SELECT expires_at FROM redrive")[0][0]
            done = subprocess.run([SLUICED, "run", "--lake", str(box.path), "--datasets", str(box.path / "datasets")],
                                  env=box.environment() | {"SLUICE_CLOCK": str(day)}, capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(self.counts(box, run), [11, 0, 0, 0, 0])
            self.assertEqual([r["state"] for r in self.sluice(box, "requests")["items"]], ["expired"])
            self.assertEqual(self.request(box, "redrive", run, "--rows", *COMMA, *REASON)["state"], "done")

    def test_rows_of_a_file_in_quarantine_are_not_read_by_themselves(self):
        with Lake({"sales.yaml": CONTRACT.replace("60", "5")}) as box:
            box.put("raw/sales/a.csv", table())
            box.run(check=(1,))
            run = box.query("SELECT run_id FROM run WHERE outcome = 'quarantined'")[0][0]
            self.assertIn("has loaded nothing", self.sluice(box, "redrive", run, "--rows", *COMMA, *REASON, code=2))

    def test_an_edit_mends_a_row_of_a_loaded_file(self):
        with Lake({"sales.yaml": CONTRACT}) as box:
            run = self.loaded(box)
            self.assertIn("no open rejected row", self.sluice(box, "patch", run, "--row", "5", "--column", "net",
                                                              "--value", "1.00", code=1))
            self.sluice(box, "patch", run, "--row", "41", "--column", "net", "--value", "99.99")
            self.sluice(box, "patch", run, "--row", "4", "--raw", "4;4.00;2026-01-02")
            tried = self.sluice(box, "rehearse", run, "--patch", "--rows")
            self.assertEqual([tried[k] for k in ("rows", "would_pass", "would_fail")], [11, 2, 9])
            self.request(box, "redrive", run, "--patch", "--row", "41", *REASON)
            self.assertEqual(self.prices(box), [*self.good(but=range(4, 41, 4)), (500, "99.99")])
            self.assertEqual(self.states(box, run), "0" * 10 + "2")
            self.sound(box)

    def test_what_went_back_to_its_producer_waits_for_nobody(self):
        with Lake({"sales.yaml": CONTRACT}) as box:
            run = self.loaded(box)
            self.request(box, "redrive", run, "--row", "4", *COMMA, *REASON)
            cause = next(c["cause"] for c in self.sluice(box, "causes", run)["items"] if c["shape"] == "99,99")
            out = box.path / "pack"
            pack = ["export", run, "--cause", str(cause), "-o", str(out), "--mark-returned"]
            self.assertIn("needs a reason", self.sluice(box, *pack, code=2))
            self.assertFalse(out.exists())
            self.assertEqual(self.sluice(box, *pack, "--reason", "ticket 7")["rows"], 8)
            self.assertEqual(self.states(box, run), "20" + "5" * 8 + "0")
            show = self.sluice(box, "show", run)
            self.assertEqual([show["rows_" + s] for s in ("open", "recovered", "returned")], [2, 1, 8])
            self.assertEqual(self.sluice(box, "balance", "sales")["total"]["difference"], 0)
            said = box.query("SELECT json_extract(line, '$.detail.rows') FROM audit WHERE action = 'rows-returned'")
            self.assertEqual(said, [(8,)])

    def test_the_whole_file_supersedes_what_rows_of_it_brought(self):
        with Lake({"sales.yaml": CONTRACT}) as box:
            run = self.loaded(box)
            again = self.request(box, "redrive", run, "--row", "4", *COMMA, *REASON)["details"][0]["outcome_run"]
            whole = self.request(box, "redrive", run, *REASON, "--set", "fields.net.groupChar= ")
            by = whole["details"][0]["outcome_run"]
            self.assertEqual(self.prices(box), self.good(but=range(4, 41, 4)))
            self.assertEqual(box.query("SELECT run_id, superseded_by FROM run ORDER BY run_id"),
                             [(run, by), (again, by), (by, None)])
            self.assertEqual(self.counts(box, run), [0, 0, 0, 0, 0])
            self.assertEqual(self.counts(box, by), [11, 0, 0, 0, 0])
            self.request(box, "redrive", by, "--row", "8", *COMMA, *REASON)
            self.request(box, "withdraw", by, "--reason", "all of it")
            self.assertEqual(self.prices(box), [])
            self.sound(box)

    def test_a_batch_has_none_of_them_and_another_has_some(self):
        """Many batches, several blocks of rejected rows, all threads; the numbers stay those of the file."""
        rows = 60000
        lines = [f"{i};{i}{',' if i % 7 == 0 or 20000 < i < 20100 else '.'}25;2026-01-0{i % 2 + 1}"
                 for i in range(1, rows + 1)]
        commas = sum(1 for i in range(1, rows + 1) if i % 7 == 0 or 20000 < i < 20100)
        with Lake({"sales.yaml": CONTRACT}) as box:
            run = self.loaded(box, "id;net;day\n" + "\n".join(lines) + "\n")
            self.assertEqual(self.counts(box, run)[0], commas)
            request = self.request(box, "redrive", run, "--rows", *COMMA, *REASON)
            self.assertEqual((request["rows"], request["details"][0]["rows"]), (commas, commas))
            got = self.rows(box, "processed", "id, net, _row_number")
            self.assertEqual(sorted((int(a), b, int(c)) for a, b, c in got),
                             [(i, f"{i}.25", i) for i in range(1, rows + 1)])
            self.assertEqual(self.states(box, run), "2" * commas)
            self.sound(box)

    def test_killed_anywhere_it_ends_the_same(self):
        def lake():
            box = Lake({"sales.yaml": CONTRACT}, memory=True)
            return box, self.loaded(box)

        arguments = ["--rows", *COMMA, *REASON]
        box, run = lake()
        with box:
            self.request(box, "redrive", run, *arguments)
            expected, prices = box.snapshot(), self.prices(box)
        point, points = -1, set()
        while point < 300:
            point += 2
            box, run = lake()
            with box, self.subTest(point=point):
                done = self.call(box, "redrive", run, *arguments, fault=f"kill:any:{point}")
                if done.returncode == 0:
                    break
                if not box.query("SELECT 1 FROM redrive"):
                    self.request(box, "redrive", run, *arguments)
                elif box.query("SELECT 1 FROM redrive WHERE state = 'requested'"):
                    self.request(box, "approve", box.query("SELECT redrive_id FROM redrive")[0][0])
                points.add(box.query("SELECT state FROM run ORDER BY run_id DESC LIMIT 1")[0][0])
                box.run(check=(0,))
                self.assertEqual(box.snapshot(), expected)
                if point % 20 == 1:
                    self.assertEqual(self.prices(box), prices)
                self.assertEqual(self.request(box, "requests")["state"], "done")
                self.assertEqual(self.states(box, run), "2" * 10 + "3")
                self.sound(box)
        self.assertLessEqual({"claimed", "validated", "prepared", "publishing", "committed", "archived"}, points)
        self.assertIn(point, range(50, 300))


if __name__ == "__main__":
    unittest.main()
