"""Every verb of sluice, as text and as JSON; hostile cells; paging; exit codes; the manual. covers: tui/app"""

import json
import os
import pty
import re
import select
import shutil
import sqlite3
import subprocess
import tempfile
import time
import unittest
import unicodedata

from tests.lake import ROOT, SLUICE, SLUICED, Lake

DEADLINE = 60
CONTRACT = """
dataset: sales
source: {match: "raw/sales/**", format: csv}
schema:
  primaryKey: [id]
  fields:
    - {name: id, type: integer, constraints: {required: true}}
    - {name: item, type: string}
    - {name: amount, type: number, scale: 2}
limits: {max_reject_pct: 100}
"""
HOSTILE = [
    "\x1b[31mred\x1b]0;title\x07", "a\rb", "\u202eabc\u202c", "\u2066x\u2069", "zero\u200bwidth\u200d\ufeff",
    "\u0085\u009b31m", "\u2028line\u2029", "e" + "\u0301" * 40, "\U000e0041tag", "x" * 100000, "漢字", "tab\there",
    "\x7f\x08\x08", "a\x0cb",
]


def hostile_file():
    lines = ["id,item,amount"] + [f"{n},item {n},{n}.50" for n in range(1, 20)]
    text = "\n".join(lines) + "\n"
    data = text.encode()
    for number, cell in enumerate(HOSTILE):
        data += f'{100 + number},"{cell}","{cell}"\n'.encode()
    return data + b'300,item,"\xff\xfe\x80"\n' + b"301,item 301,x\n1,again,2.00\n"


def is_safe(data):
    """Nothing but LF, and what a screen shows as it is."""
    text = data.decode()  # raises when it is not UTF-8
    bad = {c for c in text if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp")}
    return not bad and re.search("[\u0300-\u036f]{5}", text) is None


def sluice(*arguments, **more):
    env = {k: v for k, v in os.environ.items() if not k.startswith("SLUICE_")}
    return subprocess.run([SLUICE, *arguments], stdin=subprocess.DEVNULL, capture_output=True, env=env, timeout=DEADLINE,
                          **more)


def on_terminal(arguments, columns, **variables):
    """What it writes to a terminal of so many columns."""
    env = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLUMNS") and not k.startswith("SLUICE_")}
    env.update({"TERM": "xterm", "COLUMNS": str(columns), **variables})
    master, slave = pty.openpty()
    process = subprocess.Popen([SLUICE, *arguments], stdin=subprocess.DEVNULL, stdout=slave, env=env)
    os.close(slave)
    seen, end = b"", time.monotonic() + DEADLINE
    while time.monotonic() < end:
        if not select.select([master], [], [], 0.2)[0]:
            continue
        try:
            part = os.read(master, 65536)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        seen += part
    os.close(master)
    process.wait(DEADLINE)
    return seen.decode().replace("\r\n", "\n")


class Verbs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lake = Lake({"sales.yaml": CONTRACT})
        cls.lake.put("raw/sales/a.csv", hostile_file())
        cls.lake.put("raw/sales/none.csv", b"")
        cls.lake.put("raw/sales/header.csv", "id,item\x1b[5m,am\u202eount,x\n1,2,3,4\n")
        cls.lake.put("raw/other/\u6f22.txt", "nobody's\n")
        cls.lake.put("raw/sales/many.csv",
                     "id,item,amount\n" + "".join(f"{n},item {n},{'x' if n % 2 else n}\n" for n in range(1, 501)))
        cls.lake.run(check=[1])
        cls.at = ("--lake", str(cls.lake.path))
        runs = cls.lake.query("SELECT r.run_id, f.arrival_key FROM run r JOIN file f USING (file_id)")
        cls.run_of = {key: run for run, key in runs}

    @classmethod
    def tearDownClass(cls):
        cls.lake.__exit__()

    def every_verb(self):
        loaded, broken = self.run_of["raw/sales/a.csv"], self.run_of["raw/sales/header.csv"]
        return [["overview"], [], ["workers"], ["runs"], ["show", loaded], ["show", broken], ["rejects"], ["causes"],
                ["causes", loaded], ["rows", loaded], ["reason", broken], ["stages", loaded],
                ["runs", "--dataset", "sales"], ["rejects", "--dataset", "none"], ["causes", "--dataset", "none"]]

    def test_every_verb_as_text(self):
        for verb in self.every_verb():
            done = sluice(*verb, *self.at)
            self.assertEqual((done.returncode, done.stderr), (0, b""), verb)
            self.assertTrue(done.stdout.endswith(b"\n"), verb)
            self.assertTrue(is_safe(done.stdout), (verb, done.stdout[:3000]))

    def test_every_verb_as_json(self):
        for verb in self.every_verb():
            done = sluice(*verb, *self.at, "--json")
            self.assertEqual((done.returncode, done.stderr), (0, b""), verb)
            self.assertIsInstance(json.loads(done.stdout), dict)
            self.assertTrue(is_safe(done.stdout), verb)

    def test_every_verb_fits_a_terminal(self):
        for verb in self.every_verb():
            for columns in (80, 132):
                lines = on_terminal([*verb, *self.at], columns, NO_COLOR="1").split("\n")
                self.assertTrue(is_safe("\n".join(lines).encode()), verb)
                if verb and verb[0] not in ("show", "rows", "reason"):
                    wide = [line for line in lines if sum(1 + (unicodedata.east_asian_width(c) == "W") for c in line) > columns]
                    self.assertEqual(wide, [], verb)

    def test_colour_is_for_terminals_that_want_it(self):
        self.assertIn("\x1b[31m", on_terminal(["overview", *self.at], 80))
        self.assertNotIn("\x1b", on_terminal(["overview", *self.at], 80, NO_COLOR="1"))
        self.assertNotIn("\x1b", on_terminal(["overview", *self.at], 80, TERM="dumb"))

    def test_overview_counts(self):
        overview = self.lake.sluice("overview")
        sales = overview["datasets"][0]
        self.assertEqual((sales["dataset"], sales["succeeded"], sales["quarantined"], sales["waiting"]), ("sales", 2, 2, 0))
        self.assertEqual(overview["unmatched"], ["raw/other/\u6f22.txt"])
        self.assertEqual(sales["rows_in"], 500 + 19 + len(HOSTILE) + 3)
        self.assertEqual(sales["rows_out"] + sales["rows_rejected"], sales["rows_in"])
        self.assertEqual(sales["hours"], [0] * 23 + [sales["rows_in"]])
        self.assertEqual((sales["held"], overview["standing"]), (None, []))
        journal = sqlite3.connect(self.lake.path / ".sluice/journal.db")
        self.addCleanup(journal.close)
        now = time.time_ns() // 1000
        with journal:
            held = "INSERT INTO hold VALUES ('sales', ?, 'bo', ?, ?)"
            journal.executemany(held, [("paused", now, None), ("over", now - 2, now - 1)])
        self.assertEqual(self.lake.sluice("overview")["datasets"][0]["held"], "paused")
        with journal:
            journal.execute("DELETE FROM hold")

    def test_rows_in_pages(self):
        run = self.run_of["raw/sales/many.csv"]
        seen, after = [], []
        while True:
            page = self.lake.sluice("rows", run, "--limit", "60", *after)
            seen += [item["reject"]["row_number"] for item in page["items"]]
            if "next" not in page:
                break
            self.assertEqual(len(page["items"]), 60)
            after = ["--after", str(page["next"])]
        self.assertEqual(seen, list(range(1, 501, 2)))
        cause = self.lake.sluice("causes", run)["items"][0]
        self.assertEqual(cause["rows"], 250)
        one = self.lake.sluice("rows", run, "--cause", str(cause["cause"]), "--limit", "250")
        self.assertEqual((len(one["items"]), one.get("next")), (250, None))
        self.assertEqual(self.lake.sluice("rows", run, "--cause", "99999")["items"], [])

    def test_runs_in_pages(self):
        whole = [run["run_id"] for run in self.lake.sluice("runs")["items"]]
        self.assertEqual(whole, sorted(self.run_of.values(), reverse=True))
        first = self.lake.sluice("runs", "--limit", "3")
        second = self.lake.sluice("runs", "--limit", "3", "--after", first["next"])
        self.assertEqual([r["run_id"] for r in first["items"] + second["items"]], whole)
        self.assertIsNone(second["next"])

    def test_a_part_of_an_id_is_enough(self):
        run = self.run_of["raw/sales/a.csv"]
        self.assertEqual(self.lake.sluice("show", run[-9:].lower())["run_id"], run)

    def test_exit_codes(self):
        run = self.run_of["raw/sales/a.csv"]
        cases = [
            (2, ["nonsense"]), (2, ["run"]), (2, ["show"]), (2, ["runs", "extra"]), (2, ["show", run, "extra"]),
            (2, ["--nonsense"]), (2, ["runs", "--limit", "0"]), (2, ["runs", "--limit", "1001"]),
            (2, ["runs", "--limit", "x"]), (2, ["rows", run, "--after", "x"]), (2, ["runs", "--cause", "1"]),
            (2, ["show", run, "--dataset", "sales"]), (2, ["runs", "--config", "/no/such/file"]),
            (4, ["show", "UUUU"]), (4, ["show", "0"]), (4, ["show", "%"]), (4, ["show", "\x1b[31m"]),
            (4, ["reason", run]), (0, ["--version"]), (0, ["--help"]), (0, ["rows", "--help"]),
        ]
        for code, arguments in cases:
            done = sluice(*self.at, *arguments)
            self.assertEqual(done.returncode, code, (arguments, done.stdout, done.stderr))
            self.assertTrue(is_safe(done.stderr), arguments)
            self.assertEqual(bool(done.stderr), code != 0, arguments)

    def test_help_fits_and_the_manual_has_it_all(self):
        page = (ROOT / "tui" / "sluice.1").read_text()
        done = sluice("--help").stdout.decode()
        self.assertEqual([line for line in done.split("\n") if len(line) > 80], [])
        for option in re.findall(r"--([a-z][a-z-]*)", done.split("examples:")[0]):
            self.assertIn("Fl -" + option, page)
        for verb in re.findall(r"^  ([a-z]+) ", done.split("options:")[0], re.M):
            self.assertIn(".It Cm " + verb, page)
        page = (ROOT / "worker" / "sluiced.1").read_text()
        commands = re.findall(r"^  ([a-z]+) ", subprocess.run([SLUICED, "--help"], capture_output=True, text=True).stdout, re.M)
        for command in commands:
            self.assertIn(".It Cm " + command, page)
            text = subprocess.run([SLUICED, command, "--help"], capture_output=True, text=True).stdout
            for option in re.findall(r"^ +(?:-\w, )?--([a-z][a-z-]*)", text, re.M):
                self.assertTrue(re.search(rf"(Fl|\|) -{option}\b", page), f"{command} --{option}")


class Journals(unittest.TestCase):
    def test_lake_that_is_not_there(self):
        done = sluice("runs", "--lake", "/no/such/lake")
        self.assertEqual(done.returncode, 3)
        self.assertIn(b"is not there", done.stderr)

    def test_lake_without_a_journal(self):
        with Lake() as lake:
            done = sluice("overview", "--lake", str(lake.path))
            self.assertEqual(done.returncode, 3)
            self.assertIn(b"no journal", done.stderr)
            self.assertEqual(list((lake.path).glob(".sluice")), [])

    def test_journal_that_is_none(self):
        with Lake() as lake:
            lake.put(".sluice/journal.db", b"this is no database, whatever its name says\n" * 100)
            done = sluice("overview", "--lake", str(lake.path))
            self.assertIn(done.returncode, (2, 3, 4))
            self.assertTrue(done.stderr)

    def test_journal_that_is_being_written(self):
        with Lake({"sales.yaml": CONTRACT}) as lake:
            lake.put("raw/sales/a.csv", hostile_file())
            lake.run(check=[0])
            with sqlite3.connect(lake.path / ".sluice/journal.db", isolation_level=None) as writer:
                writer.execute("BEGIN IMMEDIATE")
                writer.execute("UPDATE file SET attempts = 7")
                self.assertEqual(len(lake.sluice("runs")["items"]), 1)
                writer.execute("ROLLBACK")

    def test_reject_file_that_was_changed(self):
        with Lake({"sales.yaml": CONTRACT}) as lake:
            lake.put("raw/sales/a.csv", hostile_file())
            lake.run(check=[0])
            run = lake.sluice("runs")["items"][0]["run_id"]
            path = lake.path / f"rejected/data_quality/json/sales/{run}.jsonl"
            os.chmod(path, 0o644)
            path.write_bytes(b"\x1b" + path.read_bytes())
            done = sluice("rows", run, "--lake", str(lake.path))
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(b"was changed", done.stderr)

    def test_sluice_without_sluiced(self):
        with tempfile.TemporaryDirectory() as folder:
            alone = shutil.copy(SLUICE, folder)
            done = subprocess.run([alone, "runs"], env={"PATH": folder}, stdin=subprocess.DEVNULL, capture_output=True)
            self.assertEqual(done.returncode, 4, done.stderr)
            self.assertIn(b"cannot start sluiced", done.stderr)


class Clocked(unittest.TestCase):
    """The clock of every program stands where the test sets it."""
    ARRIVAL = 1795226400  # 2026-11-21T02:00:00Z

    def setUp(self):
        self.lake = Lake({"sales.yaml": CONTRACT + "expect: {every: 1h}\n"})
        self.addCleanup(self.lake.__exit__)
        self.lake.put("raw/sales/1.csv", "id,item,amount\n1,a,2.50\n")

    def work(self, after=0, fault=None):
        """Its process number and exit code."""
        worker = subprocess.Popen([SLUICED, "run", "--lake", self.lake.path], env=self.environment(after, fault),
                                  stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return worker.pid, worker.wait()

    def environment(self, after, fault=None):
        return self.lake.environment(fault) | {"SLUICE_DATASETS": str(self.lake.path / "datasets"), "TZ": "UTC",
                                               "SLUICE_CLOCK": str((self.ARRIVAL + after) * 1000000)}

    def text(self, verb, after, *arguments):
        return subprocess.run([SLUICE, verb, "--lake", self.lake.path, *arguments], env=self.environment(after),
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True).stdout


class Overdue(Clocked):
    def setUp(self):
        super().setUp()
        self.assertEqual(self.work()[1], 0)

    def overview(self, after, *arguments):
        return self.text("overview", after, *arguments)

    def since(self, after):
        return json.loads(self.overview(after, "--json"))["datasets"][0]["overdue_since"]

    def test_an_hour_after_the_last_file(self):
        self.assertEqual([self.since(3600), self.since(3601), self.since(86400)],
                         [None, "2026-11-21T03:00:00Z", "2026-11-21T03:00:00Z"])
        self.assertRegex(self.overview(3601), r"OVERDUE +SINCE\n *sales +2026-11-21 03:00:00\n")
        self.assertNotIn("OVERDUE", self.overview(3600))

    def test_what_the_contract_says_now(self):
        self.lake.put("datasets/sales.yaml", CONTRACT + 'expect: {every: 1d, by: "06:30 Europe/Berlin"}\n')
        self.assertEqual([self.since(3601), self.since(28 * 3600)], [None, "2026-11-22T05:30:00Z"])
        for contract in (CONTRACT, "dataset: [\n"):
            self.lake.put("datasets/sales.yaml", contract)
            self.assertIsNone(self.since(28 * 3600))


class Workers(Clocked):
    def workers(self, after):
        return json.loads(self.text("workers", after, "--json"))["items"]

    def test_from_claim_to_idle(self):
        host, shown = os.uname().nodename, ("worker", "state", "stage", "subject", "since")
        pid, code = self.work(fault="kill:publishing")
        self.assertNotEqual(code, 0)
        [held] = self.workers(1)
        self.assertEqual([held[key] for key in shown],
                         [f"{host}:{pid}", "alive", "publishing", "raw/sales/1.csv", "2026-11-21T02:00:00Z"])
        [held] = self.workers(3600)
        self.assertEqual(held["state"], "lease over")
        self.assertIn(f"{host}:{pid}  lease over", self.text("workers", 3600))
        after, code = self.work(3600)
        self.assertEqual(code, 0)
        [idle] = self.workers(3601)
        self.assertEqual([idle[key] for key in shown] + [idle["seen_at"]],
                         [f"{host}:{after}", "idle", None, None, None, "2026-11-21T03:00:00Z"])
        self.assertEqual(self.workers(3601 + 86400), [])


if __name__ == "__main__":
    unittest.main()
