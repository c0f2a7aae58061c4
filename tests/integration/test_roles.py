"""The agent's word on who may do what, held at the wire: no client between. covers: worker/agent"""

import json
import os
import select
import subprocess
import time
import unittest

from tests.integration.test_redrive import lake, renamed
from tests.lake import SLUICED

DEADLINE = 60
FIX = {"set": ["dialect.delimiter=;"], "map": ["Price EUR=unit_price"], "reason": "new till software"}
FORBIDDEN, REFUSED, INVALID = -32003, -32005, -32602
ULIDS = [f"01ARZ3NDEKTSV4RRFFQ69G5F{i:02}" for i in range(20)]


class Agent:
    """One agent, as sshd's forced command would start it; who None: as the lake's owner. A context manager."""

    def __init__(self, box, who=None, role=None, *options, fault=None):
        environment = {k: v for k, v in box.environment(fault).items() if not k.startswith("SSH_")}
        if who:
            environment["SSH_CONNECTION"] = "192.0.2.7 50000 192.0.2.1 22"
            options += ("--operator", who, "--role", role)
        self.process = subprocess.Popen(
            [SLUICED, "agent", "--lake", box.path, "--datasets", box.path / "datasets", *options], env=environment,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.rest, self.id = b"", 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()

    def message(self, seconds=DEADLINE):
        """The next line; None: none came in that time, or the agent has ended."""
        end = time.monotonic() + seconds
        while b"\n" not in self.rest:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                return None
            data = os.read(self.process.stdout.fileno(), 65536)
            if not data:
                return None
            self.rest += data
        line, self.rest = self.rest.split(b"\n", 1)
        return json.loads(line)

    def send(self, method, **params):
        self.id += 1
        self.process.stdin.write(json.dumps(
            {"jsonrpc": "2.0", "id": self.id, "method": method, "params": params}).encode() + b"\n")
        self.process.stdin.flush()

    def call(self, method, **params):
        self.send(method, **params)
        while (message := self.message()) and message.get("method"):
            pass
        assert message and message["id"] == self.id, message
        return message

    def result(self, method, **params):
        answer = self.call(method, **params)
        assert "result" in answer, answer
        return answer["result"]

    def item(self, method, **params):
        return self.result(method, **params)["items"][0]

    def code(self, method, **params):
        return self.call(method, **params).get("error", {}).get("code")


class Case(unittest.TestCase):
    def setUp(self):
        self.box = lake()
        self.addCleanup(self.box.__exit__)
        self.run_id = self.quarantine(5)

    def quarantine(self, day):
        self.box.put(f"raw/sales/{day}.csv", renamed(day))
        self.box.run(check=(1,))
        return self.box.query("SELECT job_run_id FROM file WHERE arrival_key = ?", f"raw/sales/{day}.csv")[0][0]

    def agent(self, *arguments, **more):
        agent = Agent(self.box, *arguments, **more)
        agent.__enter__()
        self.addCleanup(agent.__exit__)
        return agent

    def audit(self):
        return [json.loads(line) for line, in self.box.query("SELECT line FROM audit ORDER BY audit_id")]

    def rows(self):
        return self.box.query("SELECT coalesce(sum(rows), 0) FROM output WHERE kind = 'processed'")[0][0]


class Roles(Case):
    # the table of who may do what, as the design has it: method, parameters, the least role
    ACTS = [("redrive", {"run": "RUN", **FIX}, "operator"), ("discard", {"run": "RUN", "reason": "x"}, "operator"),
            ("override", {"dataset": "sales", "until": "2h", **FIX}, "operator"),
            ("contract", {"dataset": "sales", **FIX}, "operator"), ("revoke", {"request": "01A", "reason": "x"}, "operator"),
            ("patch", {"run": "RUN", "row": 1, "column": "quantity", "value": "1"}, "operator"),
            ("acknowledge", {"cause": 1}, "operator"), ("approve", {"request": "01A"}, "approver"),
            ("decline", {"request": "01A", "reason": "x"}, "approver"),
            ("withdraw", {"run": "RUN", "reason": "x"}, "operator"),
            ("reprocess", {"dataset": "sales", "reason": "x"}, "operator")]

    def params(self, params):
        return {k: self.run_id if v == "RUN" else v for k, v in params.items()}

    def test_who_may_not_is_refused_and_told(self):
        tables = ("redrive", "patch", "standing_override", "cause_acknowledged", "client_call")
        for role, ranks in (("viewer", ("operator", "approver")), ("operator", ("approver",))):
            with Agent(self.box, "carol", role) as agent:
                for method, params, least in self.ACTS:
                    if least not in ranks:
                        continue
                    with self.subTest(role=role, method=method):
                        before = len(self.audit())
                        self.assertEqual(agent.code(method, client=ULIDS[0], **self.params(params)), FORBIDDEN)
                        line = self.audit()[before]
                        self.assertEqual([line[k] for k in ("actor", "role", "from", "action")],
                                         ["carol", role, "192.0.2.7", "refused"])
                        self.assertEqual(line["detail"]["action"], method)
                        self.assertEqual(line["subject"], params.get("request", self.run_id if "run" in params else ""))
        self.assertEqual([self.box.query(f"SELECT count(*) FROM {table}")[0][0] for table in tables], [0] * len(tables))
        self.assertEqual(self.box.fsck()[0], 0)

    def test_a_run_that_is_not_there_is_refused_to_a_viewer_all_the_same(self):
        self.assertEqual(self.agent("carol", "viewer").code("redrive", run="NOTHING", **FIX), FORBIDDEN)
        self.assertEqual([line["action"] for line in self.audit()], ["refused"])

    def test_hello_says_who_one_is(self):
        hello = self.agent("carol", "viewer", "--environment", "prod-eu", "--environment-colour", "red").result("hello")
        self.assertEqual([hello[k] for k in ("operator", "role", "four_eyes", "environment")],
                         ["carol", "viewer", True, {"name": "prod-eu", "colour": "red"}])
        hello = self.agent().result("hello")
        self.assertEqual([hello[k] for k in ("role", "four_eyes")], ["approver", False])

    def test_the_audit_says_whether_two_saw_it(self):
        asked = self.agent("dan", "approver").item("redrive", run=self.run_id, **FIX)
        self.assertEqual(self.agent("dan", "approver").code("approve", request=asked["request"]), REFUSED)
        self.assertEqual(self.agent("bob", "approver").item("approve", request=asked["request"])["state"], "done")
        self.agent().result("redrive", run=self.quarantine(6), **FIX)
        self.assertEqual([line["detail"]["four_eyes"] for line in self.audit() if line["action"] == "redrive-approved"],
                         [True, False])
        self.assertEqual(self.box.query("SELECT requested_from FROM redrive ORDER BY redrive_id"), [("192.0.2.7",), ("",)])

    def test_undoing_a_standing_override_says_from_where(self):
        asked = self.agent("alice", "operator").item("override", dataset="sales", until="2h", **FIX)
        self.agent("bob", "approver").result("approve", request=asked["request"])
        self.agent("alice", "operator").result("revoke", request=asked["request"], reason="the producer went back")
        line = self.audit()[-1]
        self.assertEqual((line["action"], line["from"]), ("override-revoked", "192.0.2.7"))


class Clients(Case):
    def test_a_call_sent_twice_is_done_once(self):
        alice, bob = self.agent("alice", "operator"), self.agent("bob", "approver")
        ask = {"run": self.run_id, "client": ULIDS[0], **FIX}
        asked = alice.item("redrive", **ask)
        self.assertEqual(alice.item("redrive", **ask), asked)
        approve = {"request": asked["request"], "client": ULIDS[1]}
        done = bob.item("approve", **approve)
        self.assertEqual((done["state"], self.rows()), ("done", 20))
        self.assertEqual(bob.item("approve", **approve), done)
        self.assertEqual(self.rows(), 20)
        self.assertEqual([line["action"] for line in self.audit()],
                         ["redrive-requested", "redrive-approved", "redrive-outcome"])
        self.assertEqual([line.get("client") for line in self.audit()], [ULIDS[0], ULIDS[1], None])
        self.assertEqual(self.box.query("SELECT client_id, subject FROM client_call ORDER BY audit_id"),
                         [(ULIDS[0], asked["request"]), (ULIDS[1], asked["request"])])

    def test_the_same_call_by_another_agent_after_the_link_was_lost(self):
        ask = {"run": self.run_id, "client": ULIDS[0], **FIX}
        with Agent(self.box, "alice", "operator") as first:
            first.send("redrive", **ask)
        self.assertEqual(self.agent("alice", "operator").item("redrive", **ask)["state"], "requested")
        self.assertEqual(self.box.query("SELECT count(*) FROM redrive"), [(1,)])

    def test_every_acting_method(self):
        agent = self.agent()
        cause = self.box.query("SELECT min(cause_id) FROM cause")[0][0]
        other = self.quarantine(6)
        calls = [("acknowledge", {"cause": cause, "note": "mine"}), ("discard", {"run": other, "reason": "twice"}),
                 ("override", {"dataset": "sales", "until": "2h", **FIX}),
                 ("redrive", {"run": self.run_id, **FIX})]
        for i, (method, params) in enumerate(calls):
            with self.subTest(method=method):
                first = agent.result(method, client=ULIDS[i], **params)
                lines = len(self.audit())
                again = agent.result(method, client=ULIDS[i], **params)
                self.assertEqual(len(self.audit()), lines)
                self.assertEqual(again, first)

    def test_taking_back_is_done_once(self):
        agent = self.agent()
        agent.result("redrive", run=self.run_id, **FIX)
        run = self.box.query("SELECT run_id FROM run WHERE outcome = 'loaded'")[0][0]
        first = agent.result("withdraw", run=run, reason="the wrong month", client=ULIDS[0])
        lines = len(self.audit())
        self.assertEqual(agent.result("withdraw", run=run, reason="the wrong month", client=ULIDS[0]), first)
        self.assertEqual((len(self.audit()), self.box.query("SELECT state FROM file")), (lines, [("WITHDRAWN",)]))
        self.assertEqual(self.box.fsck()[0], 0)

    def test_a_name_is_of_one_call_and_of_one_person(self):
        alice, bob = self.agent("alice", "operator"), self.agent("bob", "operator")
        alice.result("redrive", run=self.run_id, client=ULIDS[0], **FIX)
        self.assertEqual(alice.code("redrive", run=self.run_id, client=ULIDS[0], **{**FIX, "reason": "other"}), INVALID)
        self.assertEqual(alice.code("discard", run=self.run_id, client=ULIDS[0], reason="x"), INVALID)
        self.assertEqual(alice.code("redrive", run=self.run_id, client="no ulid", **FIX), INVALID)
        self.assertEqual(alice.code("redrive", run=self.run_id, client=7, **FIX), INVALID)
        self.assertEqual(bob.result("outcome", client=ULIDS[0]), {"known": False, "request": None})
        self.assertEqual(self.box.query("SELECT count(*) FROM redrive"), [(1,)])

    def test_what_was_refused_was_not_done(self):
        dan = self.agent("dan", "approver")
        asked = dan.item("redrive", run=self.run_id, client=ULIDS[0], **FIX)
        approve = {"request": asked["request"], "client": ULIDS[1]}
        self.assertEqual(dan.code("approve", **approve), REFUSED)
        self.assertEqual(dan.result("outcome", client=ULIDS[1]), {"known": False, "request": None})
        self.assertEqual(dan.code("approve", **approve), REFUSED)

    def test_outcome_after_the_agent_died(self):
        """Before the decision nothing stands of it; after it, all does, and a worker does the rest."""
        asked = self.agent("alice", "operator").item("redrive", run=self.run_id, **FIX)
        bob = self.agent("bob", "approver", fault="kill:publishing")
        bob.send("approve", request=asked["request"], client=ULIDS[1])
        self.assertIsNone(bob.message())
        outcome = self.agent("bob", "approver").result("outcome", client=ULIDS[1])
        self.assertEqual((outcome["known"], outcome["action"], outcome["subject"]),
                         (True, "redrive-approved", asked["request"]))
        self.assertIn(outcome["request"]["state"], ("approved", "running"))
        self.assertEqual(self.agent("bob", "approver").result("outcome", client=ULIDS[2])["known"], False)


class Notices(Case):
    def hear(self, agent, seconds=DEADLINE):
        return agent.message(seconds)

    def test_who_wants_to_know_is_told(self):
        agent, silent = self.agent("carol", "viewer"), self.agent("carol", "viewer")
        agent.result("hello", notices=True)
        silent.result("hello")
        self.agent("alice", "operator").result("redrive", run=self.run_id, **FIX)
        notice = self.hear(agent)
        self.assertEqual((notice["jsonrpc"], notice["method"], list(notice), list(notice["params"])),
                         ("2.0", "changed", ["jsonrpc", "method", "params"], ["as_of"]))
        self.assertIsNone(self.hear(silent, 1.5))

    def test_a_quiet_journal_is_quiet(self):
        agent = self.agent("carol", "viewer")
        agent.result("hello", notices=True)
        agent.result("overview")
        self.assertIsNone(self.hear(agent, 2.5))

    def test_a_storm_is_told_once_a_second(self):
        agent, writer = self.agent("carol", "viewer"), self.agent("alice", "operator")
        cause = self.box.query("SELECT min(cause_id) FROM cause")[0][0]
        agent.result("hello", notices=True)
        start, writes = time.monotonic(), 0
        while time.monotonic() - start < 2.5:
            writer.result("acknowledge", cause=cause, note=str(writes))
            writes += 1
        heard = 0
        while self.hear(agent, 1.5):
            heard += 1
        lasted = time.monotonic() - start
        self.assertGreater(writes, heard)
        self.assertGreaterEqual(heard, 1)
        self.assertLessEqual(heard, lasted)

    def test_another_journal_in_its_place(self):
        agent = self.agent("carol", "viewer")
        agent.result("hello", notices=True)
        folder = self.box.path / ".sluice"
        copy = folder / "copy.db"
        self.box.run("backup", str(copy), command="journal", check=(0,))
        for name in ("journal.db", "journal.db-wal", "journal.db-shm"):
            (folder / name).unlink(missing_ok=True)
        copy.rename(folder / "journal.db")
        self.assertEqual(self.hear(agent)["method"], "changed")


if __name__ == "__main__":
    unittest.main()
