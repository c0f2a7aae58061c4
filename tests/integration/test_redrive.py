"""Putting it back: what would mend a rejected file is tried without writing anything.

covers: worker/redrive
"""

import hashlib
import json
import os
import sqlite3
import subprocess
import unittest

from tests.lake import SLUICE, SLUICED, Lake

CONTRACT = """\
dataset: sales
source: {match: "raw/sales/*.csv"}
dialect: {delimiter: ","}
encoding: utf-8
schema:
  fieldsMatch: partial
  primaryKey: [id]
  fields:
    - {name: id, type: integer}
    - {name: unit_price, type: number, scale: 2, constraints: {required: true, minimum: 0}}
    - {name: quantity, type: integer, constraints: {required: true}}
    - {name: day, type: date, constraints: {required: true}}
    - {name: email, type: string, sensitive: true}
reference:
  days: {file: lists/days.csv, key: day, on: day, missing: "null"}
partition: {date: "day"}
limits: {max_reject_pct: 50}
"""
DAYS = "day,name\n2026-01-05,Monday\n"


def renamed(day, rows=20):
    """The producer's change: another delimiter, another name for a column. No comma in it, so that it is one column."""
    lines = [f"{day * 1000 + i};{i}.50;{i + 1};2026-01-{day:02};a{i}@example.org" for i in range(rows)]
    return "id;Price EUR;quantity;day;email\n" + "\n".join(lines) + "\n"


def lake():
    return Lake({"sales.yaml": CONTRACT, "lists/days.csv": DAYS})


class Case(unittest.TestCase):
    def sluice(self, box, *arguments, code=0):
        """The verb's JSON; or, where another exit code is expected, what it says on stderr."""
        environment = box.environment() | {"SLUICE_DATASETS": str(box.path / "datasets")}
        done = subprocess.run([SLUICE, *arguments, "--lake", str(box.path), "--json"], env=environment,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        self.assertEqual(done.returncode, code, f"sluice {arguments}\n{done.stdout}\n{done.stderr}")
        return done.stderr if code else json.loads(done.stdout)

    def state(self, box):
        """Every byte of the lake but the journal's, whose rows count."""
        files = {str(p): (p.stat().st_mtime_ns, hashlib.sha256(p.read_bytes()).hexdigest())
                 for p in box.path.rglob("*") if p.is_file() and "journal.db" not in p.name}
        tables = [name for name, in box.query("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        return files, {name: box.query(f"SELECT * FROM {name}") for name in tables}

    def quarantined(self, box):
        return [run for run, in box.query("SELECT run_id FROM run WHERE outcome = 'quarantined' ORDER BY run_id")]

    def one(self, box, text, name="a.csv"):
        box.put("raw/sales/" + name, text)
        box.run(check=(0, 1))
        return box.query("SELECT run_id FROM run JOIN file USING (file_id) WHERE arrival_key = ? "
                         "ORDER BY run_id DESC LIMIT 1", "raw/sales/" + name)[0][0]


class Rehearse(Case):
    def test_the_suggestion_of_a_reason_would_mend_it(self):
        with lake() as box:
            run = self.one(box, renamed(5))
            before = self.state(box)
            plain = self.sluice(box, "rehearse", run)
            self.assertEqual((plain["outcome"], plain["same_failure"]), ("would-quarantine", True))
            suggestion = self.sluice(box, "reason", run)["suggestions"][0]["overrides"]
            self.assertEqual(suggestion, {"dialect.delimiter": ";", "map": {"Price EUR": "unit_price"}})
            mended = self.sluice(box, "rehearse", run, "--set", "dialect.delimiter=;", "--map", "Price EUR=unit_price")
            self.assertEqual((mended["outcome"], mended["rows"], mended["would_pass"], mended["would_fail"]),
                             ("would-load", 20, 20, 0))
            self.assertEqual([(c["before"], c["after"]) for c in mended["causes"]], [(1, 0)])
            self.assertEqual(mended["overrides"], {"map": {"Price EUR": "unit_price"}, "set": {"dialect.delimiter": ";"}})
            self.assertNotEqual(mended["ruleset"], mended["base_ruleset"])
            self.assertEqual(self.state(box), before)

    def test_the_reason_shows_the_command_which_a_shell_takes(self):
        with lake() as box:
            run = self.one(box, renamed(5))
            environment = box.environment() | {"SLUICE_DATASETS": str(box.path / "datasets")}
            shown = subprocess.run([SLUICE, "reason", run, "--lake", str(box.path)], env=environment,
                                   capture_output=True, text=True, check=True).stdout
            command = next(line.strip() for line in shown.splitlines() if "sluice rehearse" in line)
            self.assertTrue(command.startswith(f"sluice rehearse {run} "), command)
            folder = os.path.dirname(SLUICE)
            name = os.path.basename(SLUICE)
            done = subprocess.run(["sh", "-c", command.replace("sluice ", f"'{folder}'/{name} ", 1) + " --json"],
                                  env=environment | {"SLUICE_LAKE": str(box.path)}, capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(json.loads(done.stdout)["would_pass"], 20)

    def test_the_same_rehearsal_has_the_same_hash(self):
        with lake() as box:
            run = self.one(box, renamed(5))
            options = ["--set", "dialect.delimiter=;", "--map", "Price EUR=unit_price"]
            one = self.sluice(box, "rehearse", run, *options)
            two = self.sluice(box, "rehearse", run, *options[2:], *options[:2])
            other = self.sluice(box, "rehearse", run, *options, "--set", "limits.max_reject_pct=1")
            self.assertEqual((one["hash"], one["ruleset"]), (two["hash"], two["ruleset"]))
            self.assertNotEqual(one["ruleset"], other["ruleset"])
            self.assertNotEqual(one["hash"], other["hash"])

    def test_a_loaded_file_is_rehearsed_by_cause(self):
        rows = ["id,unit_price,quantity,day,email"]
        rows += [f"{i},{i}.00,1,2026-01-05,x@example.org" for i in range(10)]
        rows += ["11,nothing,1,2026-01-05,", "12,1.00,-,2026-01-05,", "1,1.00,1,2026-01-05,", "13,-5,x,2026-01-05,"]
        with lake() as box:
            run = self.one(box, "\n".join(rows) + "\n")
            report = self.sluice(box, "rehearse", run)
            self.assertEqual([report[k] for k in ("outcome", "rows", "would_pass", "would_fail", "duplicates")],
                             ["would-load", 14, 10, 3, 1])
            self.assertTrue(all(c["before"] == c["after"] == 1 for c in report["causes"]), report["causes"])
            self.assertEqual(len(report["causes"]), 4)
            better = self.sluice(box, "rehearse", run, "--set", 'fields.unit_price.missingValues=["nothing"]', "--set",
                                 "fields.unit_price.constraints.required=false", "--set", 'missingValues=["", "-"]')
            self.assertEqual([better[k] for k in ("would_pass", "would_fail", "duplicates")], [11, 2, 1])
            self.assertEqual(sorted((c["code"], c["column"], c["before"], c["after"]) for c in better["causes"]),
                             [("constraint-error", "quantity", 0, 1), ("constraint-error", "unit_price", 1, 1),
                              ("primary-key", "id", 1, 1), ("type-error", "quantity", 1, 0),
                              ("type-error", "unit_price", 1, 0)])

    def test_same_rules_are_those_of_then(self):
        with lake() as box:
            run = self.one(box, renamed(5))
            box.put("datasets/sales.yaml", CONTRACT.replace('delimiter: ","', 'delimiter: ";"')
                    .replace("name: unit_price,", 'name: unit_price, label: "Price EUR",'))
            box.put("datasets/lists/days.csv", DAYS + "2026-01-06,Tuesday\n")
            now, then = self.sluice(box, "rehearse", run), self.sluice(box, "rehearse", run, "--rules", "same")
            self.assertEqual((now["outcome"], then["outcome"]), ("would-load", "would-quarantine"))
            self.assertEqual(then["base_ruleset"], then["before"]["ruleset"])
            self.assertNotEqual(now["base_ruleset"], then["base_ruleset"])
            mended = self.sluice(box, "rehearse", run, "--rules", "same", "--set", "dialect.delimiter=;", "--map",
                                 "Price EUR=unit_price")
            self.assertEqual(mended["outcome"], "would-load")
            kept = next((box.path / "audit/rulesets").rglob("sales.yaml"))
            kept.write_text(CONTRACT + "# later\n")
            self.assertIn("not in the lake", self.sluice(box, "rehearse", run, "--rules", "same", code=4))

    def test_what_is_refused(self):
        cases = [
            (["--set", "fields.unit_prize.decimalChar=,"], 2, "--set fields.unit_prize.decimalChar: no such field "
             "'unit_prize': did you mean 'unit_price'?"),
            (["--set", "fields.unit_price.decimalChar=;"], 2, "decimalChar is '.', ',' or auto"),
            (["--map", "Price EUR=nothing"], 2, "--map Price EUR: no such field 'nothing'"),
            (["--set", "output.prefix=/etc/"], 2, "cannot be changed for one run"),
            (["--set", "fields.email.sensitive=false"], 2, "cannot be changed for one run"),
            (["--set", "delimiter"], 2, "there is no '='"),
            (["--rules", "old"], 2, "rules are 'same' (as then) or 'current'"),
        ]
        with lake() as box:
            run = self.one(box, renamed(5))
            for options, code, words in cases:
                with self.subTest(options=options):
                    self.assertIn(words, self.sluice(box, "rehearse", run, *options, code=code))
            self.assertIn("no run has", self.sluice(box, "rehearse", "UUUUUU", code=4))
            (box.path / "datasets/sales.yaml").unlink()
            self.assertIn("there is no contract sales", self.sluice(box, "rehearse", run, code=2))

    def test_bytes_that_changed_are_not_rehearsed(self):
        with lake() as box:
            run = self.one(box, renamed(5))
            data = next((box.path / "rejected/system").rglob("a.csv"))
            data.write_text(renamed(5).replace("Price", "Preis"))
            self.assertIn("bytes have changed", self.sluice(box, "rehearse", run, code=4))
            data.unlink()
            self.assertIn("no longer lies at", self.sluice(box, "rehearse", run, code=4))

    def test_limits_count_and_their_causes_are_told(self):
        rows = "".join(f"{i},bad,1,2026-01-05,\n" for i in range(30)) + "99,1.00,1,2026-01-05,\n"
        with lake() as box:
            run = self.one(box, "id,unit_price,quantity,day,email\n" + rows)
            report = self.sluice(box, "rehearse", run)
            self.assertEqual((report["code"], report["same_failure"]), ("too-many-rejects", True))
            self.assertEqual((report["would_pass"], report["would_fail"]), (1, 30))
            causes = {c["code"]: (c["whole_file"], c["before"], c["after"]) for c in report["causes"]}
            self.assertEqual(causes, {"too-many-rejects": (True, 1, 1), "type-error": (False, 0, 30)})
            loose = self.sluice(box, "rehearse", run, "--set", "limits.max_reject_pct=100")
            self.assertEqual((loose["outcome"], loose["would_pass"], loose["would_fail"]), ("would-load", 1, 30))

    def test_a_copy_of_what_is_loaded_would_be_set_aside(self):
        with lake() as box:
            run = self.one(box, renamed(5), "first.csv")
            text = CONTRACT.replace('delimiter: ","', 'delimiter: ";"').replace("name: unit_price,",
                                                                              'name: unit_price, label: "Price EUR",')
            box.put("datasets/sales.yaml", text)
            self.one(box, renamed(5), "second.csv")
            report = self.sluice(box, "rehearse", run)
            self.assertEqual((report["outcome"], report["duplicate_of"]), ("duplicate", "raw/sales/second.csv"))

    def test_sensitive_values_stay_hidden(self):
        with lake() as box:
            run = self.one(box, "id,unit_price,quantity,day,email\n1,1.00,1,2026-01-05,secret@example.org\n"
                           "2,1.00,1,2026-01-05,b@example.org\n")
            report = self.sluice(box, "rehearse", run, "--set", "fields.email.constraints.maxLength=14")
            self.assertEqual([(c["column"], c["after"], c["samples"]) for c in report["causes"]], [("email", 1, [])])
            self.assertNotIn("secret", json.dumps(report))

    def test_the_agent_may_be_asked_directly(self):
        with lake() as box:
            run = self.one(box, renamed(5))
            asks = [{"run": run, "set": "dialect.delimiter=;"}, {"run": run, "map": [1]}, {"run": run, "rules": 5}, {},
                    {"run": run, "set": ["a=b"] * 3}, {"run": run, "set": [f"limits.k{i}=1" for i in range(101)]}]
            lines = "".join(json.dumps({"jsonrpc": "2.0", "id": i, "method": "rehearse", "params": ask}) + "\n"
                            for i, ask in enumerate(asks))
            done = subprocess.run([SLUICED, "agent", "--lake", str(box.path), "--datasets", str(box.path / "datasets")],
                                  input=lines, env=box.environment(), capture_output=True, text=True)
            answers = [json.loads(line) for line in done.stdout.splitlines()]
            self.assertEqual([a["error"]["code"] for a in answers], [-32602] * 6, done.stdout)


MEND = ["--set", "dialect.delimiter=;", "--map", "Price EUR=unit_price"]


class Redrive(Case):
    def audit(self, box):
        return [(action, actor, subject) for action, actor, subject in
                box.query("SELECT action, actor, subject FROM audit ORDER BY audit_id")]

    def actions(self, box):
        return [action for action, _, _ in self.audit(box)]

    def sound(self, box):
        """Sheet, outputs and audit chain add up, and nothing is left lying about."""
        code, report = box.fsck()
        self.assertEqual((code, report.get("differences")), (0, []))
        self.assertEqual(box.leftovers(), [])

    def test_twelve_files_of_one_cause_by_one_request(self):
        """Story (i): delimiter and column name change at night; one compound suggestion mends all."""
        with lake() as box:
            for day in range(1, 13):
                box.put(f"raw/sales/2026-01-{day:02}.csv", renamed(day))
            box.run(check=[1])
            arrived = dict(box.query("SELECT arrival_key, arrived_at FROM file"))
            causes = [c for c in self.sluice(box, "causes")["items"] if c["kind"] == "system"]
            self.assertEqual([(c["code"], c["files"], c["open_files"]) for c in causes], [("missing-label", 12, 12)])
            cause = str(causes[0]["cause"])
            self.assertIn("needs a reason", self.sluice(box, "redrive", "--cause", cause, *MEND, code=2))
            answer = self.sluice(box, "redrive", "--cause", cause, *MEND, "--reason", "new till software")["items"][0]
            self.assertEqual((answer["state"], answer["files"], answer["loaded"]), ("done", 12, 12))
            self.assertEqual([d["rows"] for d in answer["details"]], [20] * 12)
            self.assertEqual(answer["requested_by"], answer["decided_by"])
            self.assertEqual(box.query("SELECT count(*) FROM file WHERE state = 'SUCCEEDED' AND redrive_id IS NULL"), [(12,)])
            self.assertEqual(dict(box.query("SELECT arrival_key, arrived_at FROM file")), arrived)
            self.assertEqual(box.query("SELECT count(*), sum(rows) FROM output WHERE kind = 'processed'"), [(12, 240)])
            self.assertEqual(box.query("SELECT DISTINCT kind, outcome FROM run ORDER BY kind"),
                             [("file", "quarantined"), ("redrive", "loaded")])
            self.assertEqual(self.actions(box), ["redrive-requested", "redrive-approved"] + ["redrive-outcome"] * 12)
            causes = [c for c in self.sluice(box, "causes")["items"] if c["kind"] == "system"]
            self.assertEqual([(c["files"], c["open_files"]) for c in causes], [(12, 0)])
            self.assertEqual(self.sluice(box, "overview")["datasets"][0]["quarantined"], 0)
            self.sound(box)
            self.assertEqual([(d["delivered"], d["good"]) for d in box.fsck()[1]["datasets"]], [(240, 240)])
            self.assertIn("keeps no file", self.sluice(box, "redrive", "--cause", cause, *MEND, "--reason", "x", code=4))

    def test_what_it_was_read_by_is_kept(self):
        with lake() as box:
            run = self.one(box, renamed(5))
            redriven = self.sluice(box, "redrive", run, *MEND, "--reason", "r")["items"][0]["details"][0]["outcome_run"]
            kept = box.query("SELECT ruleset_hash FROM run WHERE run_id = ?", redriven)[0][0]
            self.assertEqual(json.loads((box.path / "audit/rulesets" / kept / "overrides").read_text()),
                             {"map": {"Price EUR": "unit_price"}, "set": {"dialect.delimiter": ";"}})
            again = self.sluice(box, "rehearse", redriven, "--rules", "same")
            self.assertEqual((again["outcome"], again["base_ruleset"]), ("would-load", kept))

    def test_asking_first(self):
        with lake() as box:
            run = self.one(box, renamed(5))
            asked = self.sluice(box, "redrive", run, *MEND, "--reason", "r", "--ask")["items"][0]
            self.assertEqual((asked["state"], asked["details"][0]["outcome"]), ("requested", None))
            box.run(check=[0])
            self.assertEqual(box.query("SELECT state FROM file"), [("QUARANTINED",)])
            self.assertIn("is asked for already", self.sluice(box, "redrive", run, *MEND, "--reason", "r", code=1))
            self.assertIn("nobody has asked", self.sluice(box, "discard", run, "--reason", "r", code=1))
            done = self.sluice(box, "approve", asked["request"][-8:])["items"][0]
            self.assertEqual((done["state"], done["loaded"]), ("done", 1))
            self.assertIn("is done", self.sluice(box, "approve", asked["request"], code=1))
            self.assertIn("decided already", self.sluice(box, "decline", asked["request"], "--reason", "r", code=1))
            self.assertEqual(len(self.sluice(box, "requests")["items"]), 1)
            self.assertEqual(self.actions(box), ["redrive-requested", "refused", "refused", "redrive-approved",
                                                 "redrive-outcome", "refused", "refused"])
            self.sound(box)

    def test_two_approve_at_once(self):
        with lake() as box:
            run = self.one(box, renamed(5))
            asked = self.sluice(box, "redrive", run, *MEND, "--reason", "r", "--ask")["items"][0]["request"]
            environment = box.environment() | {"SLUICE_DATASETS": str(box.path / "datasets")}
            both = [subprocess.Popen([SLUICE, "approve", asked, "--lake", str(box.path), "--json"], env=environment,
                                     stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
                    for _ in range(2)]
            said = [process.communicate() for process in both]
            self.assertEqual(sorted(process.returncode for process in both), [0, 1], said)
            self.assertEqual(sorted(self.actions(box)),
                             ["redrive-approved", "redrive-outcome", "redrive-requested", "refused"])
            self.assertEqual(box.query("SELECT sum(rows) FROM output WHERE kind = 'processed'"), [(20,)])
            self.sound(box)

    def test_declined(self):
        with lake() as box:
            run = self.one(box, renamed(5))
            asked = self.sluice(box, "redrive", run, *MEND, "--reason", "r", "--ask")["items"][0]["request"]
            self.assertIn("needs a reason", self.sluice(box, "decline", asked, code=2))
            self.assertEqual(self.sluice(box, "decline", asked, "--reason", "not yet")["items"][0]["state"], "declined")
            self.assertIn("is declined", self.sluice(box, "approve", asked, code=1))
            again = self.sluice(box, "redrive", run, *MEND, "--reason", "r")["items"][0]
            self.assertEqual(again["state"], "done")
            self.sound(box)

    def test_what_would_only_fail_again_is_refused(self):
        with lake() as box:
            run = self.one(box, renamed(5))
            for options in ([], ["--set", "dialect.delimiter=;"], ["--rules", "same"]):
                said = self.sluice(box, "redrive", run, *options, "--reason", "r", code=1)
                self.assertIn("would", said)
            self.assertIn("only fail the same way again", self.sluice(box, "redrive", run, "--reason", "r", code=1))
            self.assertEqual(box.query("SELECT count(*) FROM redrive"), [(0,)])
            self.assertEqual(self.actions(box), ["refused"] * 4)
            self.assertEqual(box.query("SELECT state FROM file"), [("QUARANTINED",)])

    def test_a_changed_contract_or_file_voids_an_approval(self):
        for change in ("contract", "bytes", "gone"):
            with self.subTest(change=change), lake() as box:
                run = self.one(box, renamed(5))
                asked = self.sluice(box, "redrive", run, *MEND, "--reason", "r", "--ask")["items"][0]["request"]
                data = next((box.path / "rejected/system").rglob("a.csv"))
                if change == "contract":
                    box.put("datasets/sales.yaml", CONTRACT + "# changed\n")
                elif change == "bytes":
                    data.write_text(renamed(6))
                else:
                    data.unlink()
                self.assertIn("is void", self.sluice(box, "approve", asked, code=1))
                self.assertEqual(self.sluice(box, "requests")["items"][0]["state"], "void")
                self.assertEqual(box.query("SELECT state FROM file"), [("QUARANTINED",)])
                self.assertEqual(self.actions(box), ["redrive-requested", "redrive-void", "refused"])
                if change == "contract":
                    self.sound(box)

    def test_an_approval_that_expired(self):
        with lake() as box:
            run = self.one(box, renamed(5))
            asked = self.sluice(box, "redrive", run, *MEND, "--reason", "r", "--ask")["items"][0]["request"]
            day = box.query("SELECT expires_at FROM redrive")[0][0]
            environment = box.environment() | {"SLUICE_DATASETS": str(box.path / "datasets"), "SLUICE_CLOCK": str(day)}
            done = subprocess.run([SLUICE, "approve", asked, "--lake", str(box.path)], env=environment,
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True)
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn("has expired", done.stderr)
            self.assertEqual(self.sluice(box, "requests")["items"][0]["state"], "expired")

    def test_a_worker_that_dies_leaves_it_to_the_next(self):
        for fault in ("kill:claimed", "kill:validate", "kill:moving", "kill:moved", "kill:sealed", "kill:manifest",
                      "kill:prepared", "kill:publishing", "kill:published-output", "kill:commit", "kill:moved:2"):
            with self.subTest(fault=fault), lake() as box:
                run = self.one(box, renamed(5))
                environment = box.environment(fault) | {"SLUICE_DATASETS": str(box.path / "datasets")}
                killed = subprocess.run([SLUICE, "redrive", run, *MEND, "--reason", "r", "--lake", str(box.path)],
                                        env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
                self.assertEqual(killed.returncode, 3, killed.stderr)
                self.assertNotEqual(box.query("SELECT redrive_id FROM file"), [(None,)])
                box.run(check=[0])
                self.assertEqual(box.query("SELECT state, redrive_id FROM file"), [("SUCCEEDED", None)])
                request = self.sluice(box, "requests")["items"][0]
                self.assertEqual((request["state"], request["loaded"]), ("done", 1))
                self.assertEqual(box.query("SELECT sum(rows) FROM output WHERE kind = 'processed'"), [(20,)])
                self.sound(box)

    def test_a_contract_that_changes_after_the_approval(self):
        with lake() as box:
            run = self.one(box, renamed(5))
            environment = box.environment("kill:validate") | {"SLUICE_DATASETS": str(box.path / "datasets")}
            subprocess.run([SLUICE, "redrive", run, *MEND, "--reason", "r", "--lake", str(box.path)],
                           env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
            box.put("datasets/sales.yaml", CONTRACT + "# changed\n")
            box.run(check=[1])
            self.assertEqual(box.query("SELECT state, error_code, redrive_id FROM file"),
                             [("QUARANTINED", "redrive-void", None)])
            request = self.sluice(box, "requests")["items"][0]
            self.assertEqual((request["state"], request["details"][0]["outcome"]), ("void", "void"))
            self.assertIn("has changed since", request["details"][0]["message"])
            self.sound(box)
            fresh = self.quarantined(box)[-1]
            self.assertEqual(self.sluice(box, "redrive", fresh, *MEND, "--reason", "r")["items"][0]["state"], "done")
            self.sound(box)

    def test_a_new_delivery_under_the_same_key_meanwhile(self):
        with lake() as box:
            run = self.one(box, renamed(5))
            asked = self.sluice(box, "redrive", run, *MEND, "--reason", "r", "--ask")["items"][0]["request"]
            box.put("raw/sales/a.csv", "id,unit_price,quantity,day,email\n7,1.00,1,2026-01-09,\n")
            self.sluice(box, "approve", asked)
            box.run(check=[0])
            self.assertEqual(box.query("SELECT state FROM file ORDER BY file_id"), [("SUCCEEDED",)] * 2)
            self.assertEqual(box.query("SELECT sum(rows) FROM output WHERE kind = 'processed'"), [(21,)])
            self.sound(box)

    def test_discard(self):
        with lake() as box:
            run = self.one(box, renamed(5))
            self.assertIn("needs a reason", self.sluice(box, "discard", run, code=2))
            self.sluice(box, "discard", run, "--reason", "the producer sent it by mistake")
            self.assertEqual(box.query("SELECT state FROM file"), [("DISCARDED",)])
            self.assertIn("no quarantined file", self.sluice(box, "discard", run, "--reason", "r", code=1))
            self.assertIn("not quarantined", self.sluice(box, "redrive", run, *MEND, "--reason", "r", code=1))
            self.assertEqual(self.actions(box), ["discarded", "refused", "refused"])
            self.assertTrue(list((box.path / "rejected/system").rglob("a.csv")))
            self.sound(box)

    def test_an_altered_audit_line_is_found(self):
        with lake() as box:
            run = self.one(box, renamed(5))
            self.sluice(box, "discard", run, "--reason", "mine")
            with sqlite3.connect(box.path / ".sluice/journal.db") as db:
                db.execute("DROP TRIGGER audit_keeps")
                db.execute("UPDATE audit SET line = replace(line, 'mine', 'yours')")
            code, report = box.fsck()
            self.assertEqual(code, 1)
            self.assertIn("audit", " ".join(report["differences"]))


if __name__ == "__main__":
    unittest.main()
