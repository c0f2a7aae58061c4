"""Standing overrides: an approved way to read the files that are still to come, until a time.

covers: worker/redrive
"""

import hashlib
import json
import subprocess
import unittest

from tests.integration.test_parquet import install_readers, query as duckdb
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
    - {name: note, type: string}
"""
MEND = ["--set", "dialect.delimiter=;", "--map", "Price EUR=unit_price"]
HOUR = 3600


def changed(number, rows=3):
    """The producer's change: another delimiter, another name for a column."""
    return "id;Price EUR;quantity;note\n" + "".join(f"{number * 100 + i};{i}.50;{i + 1};n\n" for i in range(rows))


def plain(number, rows=3):
    return "id,unit_price,quantity,note\n" + "".join(f"{number * 100 + i},{i}.50,{i + 1},n\n" for i in range(rows))


def setUpModule():
    install_readers()


class Case(unittest.TestCase):
    def setUp(self):
        self.box = Lake({"sales.yaml": CONTRACT})
        self.addCleanup(self.box.__exit__)
        self.now = 1795788000  # 2026-11-27T14:00:00Z, the clock of every program a test starts
        self.work()  # an empty lake has no journal

    def environment(self):
        return self.box.environment() | {"SLUICE_DATASETS": str(self.box.path / "datasets"), "TZ": "UTC",
                                         "SLUICE_CLOCK": str(self.now * 1000000)}

    def sluice(self, *arguments, code=0):
        done = subprocess.run([SLUICE, *arguments, "--lake", str(self.box.path), "--json"], env=self.environment(),
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        self.assertEqual(done.returncode, code, f"sluice {arguments}\n{done.stdout}\n{done.stderr}")
        return done.stderr if code else json.loads(done.stdout)

    def work(self, *codes):
        done = subprocess.run([SLUICED, "run", "--lake", str(self.box.path)], env=self.environment(),
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        self.assertIn(done.returncode, codes or (0,), done.stderr)
        self.now += 1

    def put(self, number, text):
        self.box.put(f"raw/sales/f{number:03}.csv", text)

    def states(self):
        return dict(self.box.query("SELECT state, count(*) FROM file GROUP BY 1"))

    def standing(self):
        return [(o["state"], o["files"]) for o in self.sluice("overrides")["items"]]

    def override(self, *arguments, code=0):
        done = self.sluice("override", "sales", *MEND, "--until", "16:00", "--reason", "new till software", *arguments,
                           code=code)
        return done if code else done["items"][0]

    def rows(self):
        """What the lake's Parquet files hold, read by DuckDB."""
        found = duckdb("SELECT id, unit_price, quantity, note FROM "
                       f"read_parquet('{self.box.path}/processed/**/*.parquet') ORDER BY id")
        return [[int(r["id"]), float(r["unit_price"]), int(r["quantity"]), r["note"]] for r in json.loads(found)]

    def expected(self, numbers, rows=3):
        return sorted([n * 100 + i, i + 0.5, i + 1, "n"] for n in numbers for i in range(rows))

    def sound(self):
        code, report = self.box.fsck()
        self.assertEqual((code, report["differences"]), (0, []))


class Standing(Case):
    def test_forty_files_one_cause_one_decision_and_the_following_load_by_themselves(self):
        for number in range(1, 41):
            self.put(number, changed(number))
        self.work(1)
        self.assertEqual(self.states(), {"QUARANTINED": 40})
        causes = self.sluice("causes")["items"]
        self.assertEqual([(c["files"], c["stage"], c["code"]) for c in causes], [(40, "validate", "missing-label")])
        run = self.sluice("runs")["items"][0]["run_id"]
        suggestions = self.sluice("reason", run)["suggestions"]
        self.assertEqual(suggestions[0]["overrides"], {"dialect.delimiter": ";", "map": {"Price EUR": "unit_price"}})
        asked = self.sluice("redrive", "--cause", str(causes[0]["cause"]), *MEND, "--until", "16:00", "--reason",
                            "new till software", "--ask")["items"][0]
        self.assertEqual((asked["state"], asked["until"], asked["files"]), ("requested", "2026-11-27T16:00:00Z", 40))
        self.put(50, changed(50))
        self.work(1)  # nothing stands before somebody approved it
        done = self.sluice("approve", asked["request"])["items"][0]
        self.assertEqual((done["state"], done["loaded"]), ("done", 40))
        for number in (51, 52):
            self.put(number, changed(number))
        self.work()
        self.assertEqual(self.states(), {"SUCCEEDED": 42, "QUARANTINED": 1})
        self.assertEqual(self.standing(), [("in force", 2)])
        self.assertEqual(self.rows(), self.expected([*range(1, 41), 51, 52]))
        last, dialect, ruleset = self.box.query("SELECT run_id, dialect, ruleset_hash FROM run JOIN file USING (file_id) "
                                                "WHERE arrival_key = 'raw/sales/f052.csv'")[0]
        self.assertEqual(json.loads(dialect)["standing"], asked["request"])
        self.assertEqual(json.loads(dialect)["overrides"]["map"], {"Price EUR": "unit_price"})
        kept = json.loads((self.box.path / "audit/rulesets" / ruleset / "overrides").read_text())
        self.assertEqual(kept, json.loads(dialect)["overrides"])
        same = self.sluice("rehearse", last, "--rules", "same")
        self.assertEqual((same["would_pass"], same["base_ruleset"]), (3, ruleset))
        self.sound()
        actions = [a for a, in self.box.query("SELECT action FROM audit ORDER BY audit_id")]
        self.assertEqual(actions[:2], ["redrive-requested", "redrive-approved"])

    def test_it_ends_with_its_time(self):
        self.override()
        self.put(1, changed(1))
        self.work()
        self.now = 1795788000 + 2 * HOUR
        self.put(2, changed(2))
        self.work(1)
        self.assertEqual(self.states(), {"SUCCEEDED": 1, "QUARANTINED": 1})
        self.assertEqual(self.standing(), [("expired", 1)])
        self.assertIn("is over", self.sluice("revoke", self.sluice("overrides")["items"][0]["request"], "--reason",
                                             "r", code=1))
        self.sound()

    def test_it_is_revoked(self):
        request = self.override()["request"]
        self.put(1, changed(1))
        self.work()
        self.assertIn("needs a reason", self.sluice("revoke", request, code=2))
        self.sluice("revoke", request, "--reason", "they went back")
        self.put(2, changed(2))
        self.work(1)
        self.assertEqual(self.states(), {"SUCCEEDED": 1, "QUARANTINED": 1})
        item = self.sluice("overrides")["items"][0]
        self.assertEqual((item["state"], item["ended_why"]), ("revoked", "they went back"))
        self.assertTrue(item["ended_by"])
        self.assertIn("is over", self.sluice("revoke", request, "--reason", "again", code=1))
        actions = [a for a, in self.box.query("SELECT action FROM audit ORDER BY audit_id")]
        self.assertEqual(actions, ["override-requested", "override-approved", "override-revoked", "refused"])
        self.sound()

    def test_a_producer_that_went_back_still_loads(self):
        self.override()
        self.put(1, plain(1))
        self.put(2, changed(2))
        self.put(3, plain(3))
        self.work()
        self.assertEqual(self.rows(), self.expected([1, 2, 3]))
        self.assertEqual(self.standing(), [("in force", 1)])
        self.sound()

    def test_a_header_that_binds_either_way_is_read_as_the_contract_says_without_the_mapped_label(self):
        """Values under another decimal mark: the override is for files whose header has its label."""
        self.sluice("override", "sales", "--map", "Price EUR=unit_price", "--set", "fields.unit_price.decimalChar=,",
                    "--until", "2h", "--reason", "r")
        self.put(1, plain(1))
        self.put(2, 'id,Price EUR,quantity,note\n200,"0,50",1,n\n201,"1,50",2,n\n202,"2,50",3,n\n')
        self.work()
        self.assertEqual(self.rows(), self.expected([1, 2]))
        self.assertEqual(self.standing(), [("in force", 1)])

    def test_an_override_never_costs_a_column(self):
        """Under it the header binds too, but the optional field would be NULL."""
        self.sluice("override", "sales", "--set", "fields.note.aliases=[remark]", "--map", "memo=note", "--until", "2h",
                    "--reason", "r")
        self.put(1, plain(1))
        self.work()
        self.assertEqual(self.rows(), self.expected([1]))

    def test_two_stand_for_two_producers(self):
        self.override()
        self.sluice("override", "sales", "--set", "dialect.delimiter=|", "--until", "2h", "--reason", "the other shop")
        self.put(1, changed(1))
        self.put(2, plain(2).replace(",", "|"))
        self.put(3, plain(3))
        self.work()
        self.assertEqual(self.rows(), self.expected([1, 2, 3]))
        self.assertEqual(self.standing(), [("in force", 1), ("in force", 1)])
        self.sound()

    def test_a_contract_that_no_longer_takes_it_is_followed_as_it_is(self):
        self.override()
        self.box.put("datasets/sales.yaml", CONTRACT.replace("name: unit_price", "name: price"))
        self.put(1, plain(1).replace("unit_price", "price"))
        self.put(2, changed(2))
        self.work(1)
        self.assertEqual(self.states(), {"SUCCEEDED": 1, "QUARANTINED": 1})
        item = self.sluice("overrides")["items"][0]
        self.assertEqual((item["state"], item["ended_by"]), ("void", None))
        self.assertIn("no such field 'unit_price'", item["ended_why"])
        incident = self.sluice("overview")["incidents"][0]
        self.assertEqual((incident["kind"], incident["subject"], incident["times"]), ("override-void", "sales", 1))
        self.assertIn("override-void", [a for a, in self.box.query("SELECT action FROM audit")])
        self.sound()
        self.sluice("override", "sales", "--map", "Price EUR=price", "--set", "dialect.delimiter=;", "--until", "2h",
                    "--reason", "again")
        self.assertEqual(self.sluice("overview")["incidents"], [])

    def test_what_is_refused(self):
        for options, words in (
                (["--until", "2h", "--reason", "r"], "nothing to override"),
                ([*MEND, "--reason", "r"], "until when"),
                ([*MEND, "--until", "2h"], "needs a reason"),
                ([*MEND, "--until", "2026-11-27T13:00Z", "--reason", "r"], "is past"),
                ([*MEND, "--until", "32d", "--reason", "r"], "31 days"),
                ([*MEND, "--until", "soon", "--reason", "r"], "is no time"),
                (["--set", "output.prefix=x/", "--until", "2h", "--reason", "r"], "cannot be changed"),
                (["--map", "Price EUR=prize", "--until", "2h", "--reason", "r"], "no such field")):
            with self.subTest(options=options):
                self.assertIn(words, self.sluice("override", "sales", *options, code=2))
        self.assertIn("needs a dataset", self.sluice("override", *MEND, code=2))
        self.assertIn("no contract nothing", self.sluice("override", "nothing", *MEND, "--until", "2h", "--reason", "r",
                                                         code=4))
        self.assertEqual(self.box.query("SELECT count(*) FROM redrive"), [(0,)])

    def test_an_approval_that_comes_too_late(self):
        self.put(1, changed(1))
        self.work(1)
        asked = self.override("--ask")["request"]
        self.assertIn("has not been approved", self.sluice("revoke", asked, "--reason", "r", code=1))
        self.now += 2 * HOUR
        self.assertIn("has passed", self.sluice("approve", asked, code=1))
        self.assertEqual(self.sluice("requests")["items"][0]["state"], "void")
        self.assertEqual(self.standing(), [])


class Several(Case):
    """Files that somebody has marked: one request."""

    def ask(self, **params):
        done = subprocess.run([SLUICED, "agent", "--lake", str(self.box.path)], env=self.environment(), text=True,
                              input=json.dumps({"jsonrpc": "2.0", "id": 1, "method": "redrive", "params": params}) + "\n",
                              capture_output=True)
        answer = json.loads(done.stdout.splitlines()[0])
        return answer.get("result") or answer["error"]["message"]

    def test_files_by_their_runs(self):
        for number in (1, 2, 3):
            self.put(number, changed(number))
        self.work(1)
        runs = [item["run_id"] for item in self.sluice("runs")["items"]][:2]
        mend = {"set": ["dialect.delimiter=;"], "map": ["Price EUR=unit_price"], "reason": "r"}
        done = self.ask(runs=runs, **mend)["items"][0]
        self.assertEqual((done["files"], done["loaded"]), (2, 2))
        self.assertEqual(self.states(), {"SUCCEEDED": 2, "QUARANTINED": 1})
        for params, words in (({"runs": []}, "stands alone"), ({"runs": runs, "cause": 1}, "stands alone"),
                              ({"runs": [runs[0][:6]]}, "whole ids"), ({"runs": [7]}, "whole ids")):
            self.assertIn(words, self.ask(**params, **mend))


class Suggestions(Case):
    """A cause tells what would mend it, tried on its own values."""

    def test_causes_of_rows_and_files(self):
        rows = [f"{i},{i}.00,1,2026-01-05,a{i}@example.org" for i in range(1, 40)]
        rows += ['50,"12,50",1,2026-01-05,', '51,"13,75",1,2026-01-05,', "52,1.00,n/a,2026-01-05,",
                 "53,1.00,1,31.12.2025,", "54,1.00,1,30.11.2025,"]
        self.box.put("datasets/sales.yaml", CONTRACT.replace(
            "quantity, type: integer, constraints: {required: true}", "quantity, type: integer").replace(
            "    - {name: note, type: string}", "    - {name: day, type: date}\n"
            "    - {name: pin, type: integer, sensitive: true}"))
        header = "id,unit_price,quantity,day,pin\n"
        self.box.put("raw/sales/rows.csv", header + "\n".join(r.rsplit(",", 1)[0] + "," for r in rows) + "\n60,1.00,1,2026-01-05,1x2\n")
        self.put(2, changed(2).replace("note", "day"))
        self.work(1)
        found = {(c["code"], c["column"]): c["suggestions"] for c in self.sluice("causes")["items"]}
        self.assertEqual([(s["overrides"], s["would_pass"]) for s in found["type-error", "unit_price"]][0],
                         ({"fields.unit_price.decimalChar": ","}, 2))
        self.assertEqual([(s["overrides"], s["would_pass"]) for s in found["type-error", "quantity"]],
                         [({"fields.quantity.missingValues": ["", "n/a"]}, 1)])
        self.assertEqual([(s["overrides"], s["would_pass"]) for s in found["type-error", "day"]],
                         [({"fields.day.formats": ["iso", "%d.%m.%Y"]}, 2)])
        self.assertEqual(found["type-error", "pin"], [])
        self.assertEqual(found["missing-label", ""][0]["overrides"],
                         {"dialect.delimiter": ";", "map": {"Price EUR": "unit_price"}})


class Contract(Case):
    """A change that lasts: proposed as a difference, written when somebody approved it."""

    COMMENTED = CONTRACT.replace("dialect: {delimiter: \",\"}", "dialect: {delimiter: \",\"}  # the tills send it so")

    def setUp(self):
        super().setUp()
        self.path = self.box.put("datasets/sales.yaml", self.COMMENTED)

    def propose(self, *options, code=0):
        done = self.sluice("contract", "sales", *MEND, "--reason", "new till software", *options, code=code)
        return done if code else done["items"][0]

    def changed_text(self):
        return (self.COMMENTED.replace('delimiter: ","', 'delimiter: ";"')
                .replace("constraints: {required: true, minimum: 0}}",
                         'constraints: {required: true, minimum: 0}, aliases: ["Price EUR"]}'))

    def test_it_is_shown_approved_and_written(self):
        self.put(1, changed(1))
        self.work(1)
        asked = self.propose("--ask")
        self.assertEqual((asked["action"], asked["state"], self.path.read_text()),
                         ("contract", "requested", self.COMMENTED))
        patched = self.box.put("proposed.yaml", self.COMMENTED)
        subprocess.run(["patch", "-s", str(patched)], input=asked["diff"], text=True, check=True)
        self.assertEqual(patched.read_text(), self.changed_text())
        self.assertEqual(self.sluice("approve", asked["request"])["items"][0]["state"], "done")
        self.assertEqual(self.path.read_text(), self.changed_text())
        self.put(2, changed(2))
        self.work()
        self.assertEqual(self.rows(), self.expected([2]))
        run = self.box.query("SELECT run_id FROM run WHERE outcome = 'quarantined'")[0][0]
        self.sluice("redrive", run, "--reason", "the contract knows it now")
        self.assertEqual(self.rows(), self.expected([1, 2]))
        audit = {a: json.loads(line) for a, line in self.box.query("SELECT action, line FROM audit")}
        sha = {name: hashlib.sha256(text.encode()).hexdigest()
               for name, text in (("before", self.COMMENTED), ("after", self.changed_text()))}
        detail = audit["contract-requested"]["detail"]
        self.assertEqual({k: detail[k] for k in sha}, sha)
        self.assertIn("contract-approved", audit)
        self.sound()

    def test_a_redrive_proposes_it_beside_itself(self):
        self.put(1, changed(1))
        self.work(1)
        run = self.sluice("runs")["items"][0]["run_id"]
        asked = self.sluice("redrive", run, *MEND, "--apply-to", "contract", "--reason", "new till", "--ask")["items"][0]
        requests = self.sluice("requests")["items"]
        self.assertEqual([(r["action"], r["state"]) for r in requests], [("contract", "requested"), ("redrive", "requested")])
        self.assertEqual((asked["request"], asked["files"]), (requests[1]["request"], 1))
        rows = len(changed(1).splitlines()) - 1
        self.assertEqual([asked[key] for key in ("would_pass", "would_fail", "duplicates")], [rows, 0, 0])
        self.assertRegex(asked["details"][0]["rehearsal"], "^[0-9a-f]{64}$")
        # the change first would void the re-drive
        said = self.sluice("approve", requests[0]["request"], code=1)
        self.assertIn(f"request {asked['request']} reads files of", said)
        self.assertEqual(self.sluice("requests")["items"][0]["state"], "requested")
        self.assertEqual(self.sluice("approve", asked["request"])["items"][0]["loaded"], 1)
        self.assertEqual(self.path.read_text(), self.COMMENTED)
        self.sluice("approve", requests[0]["request"])
        self.assertEqual(self.path.read_text(), self.changed_text())
        self.put(2, changed(2))
        self.work()
        self.assertEqual(self.rows(), self.expected([1, 2]))
        self.sound()

    def test_a_redrive_that_waits_for_nobody_does_both(self):
        self.put(1, changed(1))
        self.work(1)
        run = self.sluice("runs")["items"][0]["run_id"]
        done = self.sluice("redrive", run, *MEND, "--apply-to", "contract", "--reason", "new till")["items"][0]
        self.assertEqual((done["action"], done["state"], done["loaded"]), ("redrive", "done", 1))
        self.assertEqual(self.path.read_text(), self.changed_text())

    def test_a_redrive_whose_change_is_refused_comes_to_nothing(self):
        self.put(1, changed(1))
        self.work(1)
        self.propose()
        run = self.sluice("runs")["items"][0]["run_id"]
        self.assertIn("says so already", self.sluice(
            "redrive", run, "--set", "encoding=utf-8", "--apply-to", "contract", "--reason", "r", code=2))
        item = self.sluice("requests")["items"]
        self.assertEqual([(r["action"], r["state"]) for r in item], [("contract", "done")])
        self.assertEqual(self.states(), {"QUARANTINED": 1})

    def test_an_edit_meanwhile_voids_it(self):
        asked = self.propose("--ask")["request"]
        self.path.write_text(self.COMMENTED + "# mine\n")
        self.assertIn("is void", self.sluice("approve", asked, code=1))
        self.assertEqual(self.path.read_text(), self.COMMENTED + "# mine\n")
        self.assertEqual(self.sluice("requests")["items"][0]["state"], "void")

    def test_a_death_while_writing(self):
        for fault in ("kill:contract-written", "fail:contract-written"):
            with self.subTest(fault=fault):
                self.path.write_text(self.COMMENTED)
                asked = self.propose("--ask")["request"]
                done = subprocess.run([SLUICE, "approve", asked, "--lake", str(self.box.path)], capture_output=True,
                                      env=self.environment() | {"SLUICE_FAULT": fault}, stdin=subprocess.DEVNULL)
                self.assertNotEqual(done.returncode, 0)
                self.assertEqual(self.sluice("requests", "--limit", "1")["items"][0]["state"], "requested")
                self.assertEqual(self.sluice("approve", asked)["items"][0]["state"], "done")
                self.assertEqual(self.path.read_text(), self.changed_text())
                self.now += 1

    def test_what_is_refused(self):
        for options, words in ((["--set", "fields.unit_price.decimalChar=;"], "does not load"),
                               (["--set", "gold.key=[id]"], "cannot be written into the contract"),
                               (["--map", "Price EUR=prize"], "no such field"),
                               (["--set", "encoding=utf-8"], "says so already"),
                               ([], "nothing to change")):
            with self.subTest(options=options):
                self.assertIn(words, self.sluice("contract", "sales", *options, "--reason", "r", code=2))
        self.assertIn("needs a reason", self.sluice("contract", "sales", *MEND, code=2))
        self.assertEqual(self.box.query("SELECT count(*) FROM redrive"), [(0,)])
        self.assertEqual(self.path.read_text(), self.COMMENTED)


if __name__ == "__main__":
    unittest.main()
