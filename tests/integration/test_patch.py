"""Patches: a quarantined file whose records are mended without touching its bytes.

covers: worker/redrive
"""

import json
import subprocess
import unittest

from tests.integration.test_parquet import install_readers, query as duckdb
from tests.lake import SLUICE, Lake

CONTRACT = """\
dataset: sales
source: {match: "raw/sales/*.csv"}
schema:
  fields:
    - {name: id, type: integer}
    - {name: price, type: number, scale: 2}
    - {name: note, type: string}
rules:
  - {id: positive, check: "price > 0", severity: quarantine}
"""
ROWS = ["id;price;note", "1;1.00;café", '2;-2.00;"two', 'lines"', "", "3;3.00;c", "4;-4.00;d", "5;x;e"]


def setUpModule():
    install_readers()


class Patch(unittest.TestCase):
    def setUp(self):
        self.box = Lake({"sales.yaml": CONTRACT})
        self.addCleanup(self.box.__exit__)

    def sluice(self, *arguments, code=0):
        environment = self.box.environment() | {"SLUICE_DATASETS": str(self.box.path / "datasets")}
        done = subprocess.run([SLUICE, *arguments, "--lake", str(self.box.path), "--json"], env=environment,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        self.assertEqual(done.returncode, code, f"sluice {arguments}\n{done.stdout}\n{done.stderr}")
        return done.stderr if code else json.loads(done.stdout)

    def quarantine(self, content, contract=CONTRACT):
        self.box.put("datasets/sales.yaml", contract)
        self.box.put("raw/sales/a.csv", content)
        self.box.run(check=[1])
        return self.box.query("SELECT run_id FROM run WHERE outcome = 'quarantined' ORDER BY run_id DESC LIMIT 1")[0][0]

    def edit(self, run, row, column, value, *more, code=0):
        return self.sluice("patch", run, "--row", str(row), "--column", column, f"--value={value}", *more, code=code)

    def rows(self):
        found = duckdb(f"SELECT id, price, note FROM read_parquet('{self.box.path}/processed/**/*.parquet') ORDER BY id")
        return [(int(r["id"]), float(r["price"]), r["note"]) for r in json.loads(found)]

    def test_cells_are_mended_over_the_bytes_in_each_encoding_and_line_end(self):
        for encoding in ("utf-8", "windows-1252"):
            for end in ("\n", "\r\n"):
                with self.subTest(encoding=encoding, end=end):
                    box = self.box = Lake()
                    self.addCleanup(box.__exit__)
                    content = (end.join(ROWS) + end).encode(encoding)
                    run = self.quarantine(content, CONTRACT.replace("schema:", f"encoding: {encoding}\nschema:", 1))
                    self.edit(run, 2, "price", "2.00")
                    shown = self.edit(run, 4, "price", "4.00")
                    self.edit(run, 4, "note", "é; \"d\"")
                    shown = self.sluice("patch", run)
                    self.assertEqual([(e["edit"], e["row"], e["line_number"], e["column"]) for e in shown["edits"]],
                                     [(1, 2, 3, "price"), (2, 4, 7, "price"), (3, 4, 7, "note")])
                    self.assertIn('@@ row 4, line 7, note @@\n-4;-4.00;d\n+4;4.00;"', shown["diff"])
                    plain = self.sluice("rehearse", run)
                    patched = self.sluice("rehearse", run, "--patch")
                    self.assertEqual((plain["outcome"], patched["outcome"], patched["rows"], patched["would_pass"]),
                                     ("would-quarantine", "would-load", 5, 4))
                    self.sluice("redrive", run, "--patch", "--reason", "their typing mistakes")
                    self.assertEqual(self.rows(), [(1, 1.0, "café"), (2, 2.0, "two" + end + "lines"), (3, 3.0, "c"),
                                                   (4, 4.0, 'é; "d"')])
                    rejects = [(r["row_number"], r["line_number"], r["byte_offset"], r["raw"]) for r in box.rejects()]
                    self.assertEqual(rejects, [(5, 8, content.rindex(b"5;x;e"), "5;x;e")])
                    original = next((box.path / "archive/validated").rglob("a.csv*"))
                    self.assertEqual(original.read_bytes(), content)
                    self.assertEqual(box.fsck()[1]["differences"], [])

    def test_a_whole_row_and_undo(self):
        run = self.quarantine("id;price;note\n1;-1.00;a\n2;-2.00;b\n")
        self.sluice("patch", run, "--row", "1", "--raw", "1;1.00;x")
        self.edit(run, 2, "price", "2.00")
        self.edit(run, 2, "price", "-3.00")
        self.assertEqual(self.sluice("rehearse", run, "--patch")["outcome"], "would-quarantine")
        left = self.sluice("patch", run, "--undo")
        self.assertEqual([e["edit"] for e in left["edits"]], [1, 2])
        self.sluice("redrive", run, "--patch", "--reason", "r")
        self.assertEqual(self.rows(), [(1, 1.0, "x"), (2, 2.0, "b")])
        actions = [a for a, in self.box.query("SELECT action FROM audit ORDER BY audit_id")]
        self.assertEqual(actions[:4], ["patched"] * 3 + ["patch-undone"])

    def test_a_later_edit_voids_the_approval(self):
        run = self.quarantine("id;price;note\n1;-1.00;a\n2;2.00;b\n")
        self.edit(run, 1, "price", "1.00")
        asked = self.sluice("redrive", run, "--patch", "--reason", "r", "--ask")["items"][0]["request"]
        self.edit(run, 2, "note", "mine")
        self.assertIn("its patch has changed", self.sluice("approve", asked, code=1))
        self.assertEqual(self.box.query("SELECT state FROM file"), [("QUARANTINED",)])
        self.sluice("redrive", run, "--patch", "--reason", "again")
        self.assertEqual(self.rows(), [(1, 1.0, "a"), (2, 2.0, "mine")])

    def test_sensitive_records_are_not_shown(self):
        run = self.quarantine("id;price;note\n1;-1.00;secret\n", CONTRACT.replace("note, type: string",
                                                                                 "note, type: string, sensitive: true"))
        shown = self.edit(run, 1, "note", "secret too")
        self.assertEqual(shown["diff"], "@@ row 1, line 2, note @@\n-***\n+***\n")
        self.assertNotIn("secret", json.dumps(self.box.query("SELECT line FROM audit")))

    def test_what_is_refused(self):
        run = self.quarantine("id;price;note\n1;-1.00;a\n")
        for arguments, code, words in (
                (["--row", "2", "--column", "price", "--value", "1"], 4, "no row 2"),
                (["--row", "1", "--column", "prize", "--value", "1"], 4, "no column prize"),
                (["--row", "1", "--column", "price"], 2, "--value"),
                (["--row", "1"], 2, "--raw"),
                (["--column", "price", "--value", "1"], 2, "which row"),
                (["--row", "1", "--column", "price", "--value=-1.00"], 2, "says so already"),
                (["--undo"], 1, "no edit to undo")):
            with self.subTest(arguments=arguments):
                self.assertIn(words, self.sluice("patch", run, *arguments, code=code))
        self.assertIn("has no patch", self.sluice("rehearse", run, "--patch", code=2))
        self.assertEqual(self.sluice("patch", run)["edits"], [])


if __name__ == "__main__":
    unittest.main()
