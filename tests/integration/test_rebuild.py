"""The journal is lost, and made anew from what the lake holds. covers: worker/journal, worker/command"""

import json
import subprocess
import unittest

from tests.integration.test_redrive import renamed
from tests.integration.test_supersede import CONTRACT, REASON, RIGHT, Case, table
from tests.lake import Lake

# What this copy alone has, and what is as good when it is forgotten.
OWN = ("unsealed", "sealing", "event_key")
SHOWN = (["runs"], ["rejects"], ["causes"], ["requests"], ["balance", "sales"], ["incidents"], ["alerts"], ["overrides"])


def dump(box):
    """Every row of every table, by its table."""
    tables = [name for name, in box.query("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")]
    return {name: sorted(box.query(f"SELECT * FROM {name}"), key=repr) for name in tables
            if name not in OWN and not name.startswith("sqlite_")}


class Rebuild(Case):
    def told(self, box):
        shown = {" ".join(verb): self.sluice(box, *verb) for verb in SHOWN}
        shown["status"] = sorted(box.query("SELECT * FROM file_processing_status"), key=repr)
        return shown

    def lose(self, box):
        for path in (box.path / ".sluice").glob("journal.db*"):
            path.unlink()

    def rebuild(self, box, *arguments, code=0):
        done = box.run("rebuild", *arguments, command="journal")
        self.assertEqual(done.returncode, code, f"{done.stdout}\n{done.stderr}")
        return done

    def full_lake(self, box):
        """Loaded, rejected, quarantined, a duplicate, re-driven by rows and whole, discarded, withdrawn, gold."""
        first = self.load(box, table(bad=("oops", "1,5")))
        self.load(box, table(first=100, bad=("2000.00", "x")), "b.csv")
        withdrawn = self.load(box, table(first=300), "c.csv")
        box.put("raw/sales/again.csv", table(first=300))
        box.put("raw/sales/wrong.csv", renamed(5))
        box.put("raw/sales/wrong2.csv", table(first=400, bad=()).replace(",", ";"))
        box.put("raw/elsewhere.txt", "nobody's\n")
        box.run(check=(1,))
        wrong = [run for run, in box.query("SELECT run_id FROM run WHERE outcome = 'quarantined' ORDER BY run_id")]
        self.sluice(box, "discard", wrong[0], "--reason", "not ours")
        self.sluice(box, "redrive", first, "--row", "21", "--set", "fields.net.missingValues=[\"oops\"]", "--set",
                    "fields.net.constraints.required=false", *REASON)
        self.sluice(box, "discard", first, "--row", "22", "--reason", "a typing error")
        self.sluice(box, "withdraw", withdrawn, *REASON)
        self.tell(box, RIGHT)
        self.sluice(box, "reprocess", "--dataset", "sales", *REASON)
        self.sluice(box, "redrive", wrong[1], "--set", "dialect.delimiter=;", "--ask", *REASON)
        self.sluice(box, "acknowledge", "--cause", "1", "--note", "asked them")
        box.run("--all", command="gold", check=(0,))
        self.sound(box)

    def test_it_is_what_it_was(self):
        with Lake({"sales.yaml": CONTRACT}) as box:
            self.full_lake(box)
            before, told = dump(box), self.told(box)
            self.assertEqual({name: len(rows) for name, rows in before.items() if not rows}.keys() &
                             {"file", "run", "stage_count", "cause", "run_cause", "reject_block", "output", "run_output",
                              "redrive", "redrive_file", "audit", "gold_partition", "cause_acknowledged", "ruleset"}, set())
            self.lose(box)
            self.rebuild(box)
            after = dump(box)
            added = max(after["audit"])
            lines = [line for line in after["audit"] if line != added]
            self.assertEqual(json.loads(added[1])["action"], "journal-rebuilt")
            self.assertEqual(after | {"audit": lines}, before)
            self.assertEqual(self.told(box), told)
            self.sound(box)
            # what was delivered before is known
            box.put("raw/sales/anew.csv", table(first=300))
            box.put("raw/sales/a.csv", table(bad=("oops", "1,5")))
            box.run(check=(0,))
            self.assertEqual(box.query("SELECT arrival_key, state FROM file ORDER BY file_id DESC LIMIT 2"),
                             [("raw/sales/anew.csv", "SUCCEEDED"), ("raw/sales/a.csv", "DUPLICATE")])
            # and it can be lost again
            before = dump(box)
            self.lose(box)
            self.rebuild(box)
            self.assertEqual(dump(box) | {"audit": before["audit"]}, before)

    def test_what_is_missing_is_named_and_nothing_invented(self):
        with Lake({"sales.yaml": CONTRACT}) as box:
            for i, name in enumerate("abcd"):
                self.load(box, table(first=1 + 100 * i), f"{name}.csv")
            pieces = sorted((box.path / "audit/journal").rglob("*.zst"), key=lambda p: p.name)
            self.assertEqual(len(pieces), 4)
            before = dump(box)
            self.lose(box)
            content = bytearray(pieces[1].read_bytes())
            content[len(content) // 2] ^= 1
            pieces[1].write_bytes(content)
            pieces[2].unlink()
            (pieces[0].parent / "notes.txt").write_text("somebody's")
            done = self.rebuild(box, code=1)
            self.assertIn(f"{pieces[1].name}: it", done.stderr)
            self.assertIn("piece 3 of the journal is not there", done.stderr)
            self.assertIn("notes.txt is no piece", done.stderr)
            self.assertEqual({key for key, in box.query("SELECT arrival_key FROM file")},
                             {"raw/sales/a.csv", "raw/sales/d.csv"})
            for name, rows in dump(box).items():
                self.assertLessEqual(set(rows) - (set(rows) if name == "audit" else set()), set(before[name]), name)

    def test_a_worker_killed_when_it_has_sealed_loses_nothing(self):
        with Lake({"sales.yaml": CONTRACT}) as box:
            box.put("raw/sales/a.csv", table())
            box.run(fault="kill:journal-sealed", check=(-9,))
            self.load(box, table(first=100), "b.csv")
            before = dump(box)
            self.lose(box)
            self.rebuild(box)
            self.assertEqual(dump(box) | {"audit": before["audit"]}, before)

    def test_it_is_refused(self):
        with Lake({"sales.yaml": CONTRACT}) as box:
            self.assertIn("there is nothing to make it of", self.rebuild(box, code=4).stderr)
            self.load(box)
            self.assertIn("there is a journal", self.rebuild(box, code=4).stderr)
            self.lose(box)
            self.assertIn("no piece of a journal", self.rebuild(box, "--from", "01ARZ3NDEKTSV4RRFFQ69G5FAV", code=4).stderr)
            self.assertEqual(list((box.path / ".sluice").glob("journal.db*")), [])
            # it says of which lake it is
            with Lake({"sales.yaml": CONTRACT}) as other:
                self.load(other)
                subprocess.run(["cp", "-r", box.path / "audit/journal", other.path / "audit"], check=True)
                self.lose(other)
                journals = {p.name[:26] for p in (box.path / "audit/journal").rglob("*.zst")}
                refused = self.rebuild(other, "--from", journals.pop(), code=1)
                self.assertIn("it is of another lake", refused.stderr)
                self.assertEqual(other.query("SELECT count(*) FROM file"), [(0,)])


if __name__ == "__main__":
    unittest.main()
