"""A request of many files is slowed down, paused, gone on with and cancelled while it runs.

covers: worker/redrive, worker/agent
"""

import time
import unittest

from tests.integration.test_redrive import Case, lake, renamed
from tests.integration.test_roles import FORBIDDEN, INVALID, REFUSED, Agent
from tests.lake import kill

DEADLINE = 60
FIX = ["--set", "dialect.delimiter=;", "--map", "Price EUR=unit_price", "--reason", "new till software"]
FILES, ROWS = 5, 20


class Bulk(Case):
    def ask(self, box, *options):
        """Approved, and begun by nobody: what has a rate is a worker's."""
        for day in range(1, FILES + 1):
            box.put(f"raw/sales/{day}.csv", renamed(day, ROWS))
        box.run(check=(1,))
        cause = box.query("SELECT DISTINCT cause_id FROM run_cause")[0][0]
        return self.sluice(box, "redrive", "--cause", str(cause), *FIX, *options)["items"][0]

    def now(self, box, request):
        return self.sluice(box, "request", request)["items"][0]

    def until(self, box, request, finished):
        end = time.monotonic() + DEADLINE
        while (item := self.now(box, request))["finished"] < finished:
            self.assertLess(time.monotonic(), end, item)
            time.sleep(0.05)
        return item

    def outcomes(self, item):
        return sorted(str(detail["outcome"]) for detail in item["details"])

    def gaps(self, box):
        """From one file's beginning to the next one's, as the journal has them, in microseconds."""
        starts = [at for at, in box.query("SELECT started_at FROM run WHERE kind = 'redrive' ORDER BY started_at")]
        return [b - a for a, b in zip(starts, starts[1:])]

    def test_a_rate_is_kept(self):
        for command in ("run", "watch"):
            with self.subTest(command), lake() as box:
                asked = self.ask(box, "--rate", "600/min")
                self.assertEqual((asked["state"], asked["rate"], asked["finished"]), ("approved", "600/min", 0))
                worker = box.start(command=command)
                done = self.until(box, asked["request"], FILES)
                worker.terminate()
                worker.communicate()
                self.assertEqual((done["state"], done["loaded"], self.outcomes(done)),
                                 ("done", FILES, ["loaded"] * FILES))
                gaps = self.gaps(box)
                self.assertEqual(len(gaps), FILES - 1)
                self.assertGreaterEqual(min(gaps), 100_000)
                progress = done["progress"]
                self.assertEqual((progress["rows"], progress["of_rows"], progress["under_way"]),
                                 (FILES * ROWS, FILES * ROWS, 0))
                times = box.query("SELECT min(started_at), max(finished_at) FROM run WHERE kind = 'redrive'")[0]
                self.assertAlmostEqual(progress["seconds"], (times[1] - times[0]) / 1e6, 6)

    def test_it_stays_paused_over_a_workers_death_and_goes_on(self):
        with lake() as box:
            request = self.ask(box, "--rate", "1/d")["request"]
            worker = box.start()
            begun = self.until(box, request, 1)
            self.assertEqual((begun["state"], begun["progress"]["rows"], begun["progress"]["of_rows"]),
                             ("running", ROWS, FILES * ROWS))
            self.assertEqual(begun["progress"]["eta_s"], (FILES - 1) * 86400)
            paused = self.sluice(box, "pause", request)["items"][0]
            self.assertTrue(paused["paused_by"] and paused["paused_at"])
            self.assertIsNone(paused["progress"]["eta_s"])
            self.sluice(box, "rate", request, "--rate", "none")
            kill(worker)
            box.run(check=(0,))
            again = self.now(box, request)
            self.assertEqual((again["state"], again["finished"], again["paused_by"], again["rate"]),
                             ("running", 1, paused["paused_by"], None))
            self.assertIn("is paused already", self.sluice(box, "pause", request, code=1))
            self.assertIsNone(self.sluice(box, "resume", request)["items"][0]["paused_by"])
            self.assertIn("is not paused", self.sluice(box, "resume", request, code=1))
            box.run(check=(0,))
            self.assertEqual(self.outcomes(self.now(box, request)), ["loaded"] * FILES)
            told = [action for action, in box.query("SELECT action FROM audit WHERE subject = ? ORDER BY audit_id", request)]
            self.assertEqual(told, ["redrive-requested", "redrive-approved", "redrive-outcome", "redrive-paused",
                                    "redrive-rate", "refused", "redrive-resumed", "refused"]
                             + ["redrive-outcome"] * (FILES - 1))
            self.assertEqual(box.fsck()[0], 0)

    def test_one_begun_when_its_worker_died_is_finished_and_no_other_begun(self):
        with lake() as box:
            request = self.ask(box, "--rate", "1/d")["request"]
            box.run(fault="kill:published", check=(-9,))
            self.sluice(box, "pause", request)
            self.sluice(box, "rate", request, "--rate", "none")
            box.run(check=(0,))
            self.assertEqual(self.now(box, request)["finished"], 1)
            self.assertEqual(box.query("SELECT count(*) FROM run WHERE kind = 'redrive'"), [(1,)])

    def test_cancelled_it_leaves_what_is_finished(self):
        with lake() as box:
            request = self.ask(box, "--rate", "1/d")["request"]
            worker = box.start()
            self.until(box, request, 1)
            kill(worker)
            rows = box.keys("processed")
            ended = self.sluice(box, "cancel", request, "--reason", "the warehouse is busy")["items"][0]
            self.assertEqual((ended["state"], ended["message"], ended["finished"]),
                             ("cancelled", "the warehouse is busy", FILES))
            self.assertEqual(self.outcomes(ended), ["cancelled"] * (FILES - 1) + ["loaded"])
            box.run(check=(0,))
            self.assertEqual(box.keys("processed"), rows)
            self.assertEqual(sorted(box.query("SELECT state, count(*) FROM file WHERE redrive_id IS NULL GROUP BY 1")),
                             [("QUARANTINED", FILES - 1), ("SUCCEEDED", 1)])
            self.assertIn("decided already", self.sluice(box, "cancel", request, "--reason", "r", code=1))
            self.assertIn("is over", self.sluice(box, "rate", request, "--rate", "5/s", code=1))
            self.assertIn("is not under way", self.sluice(box, "pause", request, code=1))
            # what was not begun can be asked for again
            cause = box.query("SELECT DISTINCT cause_id FROM run_cause")[0][0]
            self.assertEqual(self.sluice(box, "redrive", "--cause", str(cause), *FIX)["items"][0]["loaded"], FILES - 1)

    def test_who_may_and_what_may_be_said(self):
        with lake() as box:
            request = self.ask(box, "--rate", "1/d", "--ask")["request"]
            with Agent(box, "carol", "viewer") as viewer, Agent(box, "alice", "operator") as operator:
                for method, rest in (("pause", {}), ("resume", {}), ("rate", {"rate": "5/s"}), ("cancel", {"reason": "r"})):
                    refused = viewer.call(method, request=request, **rest)
                    self.assertEqual(refused["error"]["code"], FORBIDDEN)
                self.assertEqual(operator.call("pause", request=request)["error"]["code"], REFUSED)
                self.assertEqual(operator.call("cancel", request=request)["error"]["code"], INVALID)
                for rate in ("5", "/s", "0/s", "-1/s", "5/week", "1.5/s", "9999999/s", ""):
                    self.assertEqual(operator.call("rate", request=request, rate=rate)["error"]["code"], INVALID, rate)
                client = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
                for _ in range(2):
                    set_ = operator.result("rate", request=request, rate="2/s", client=client)["items"][0]
                    self.assertEqual(set_["rate"], "2/s")
            self.assertEqual(box.query("SELECT spacing FROM redrive"), [(500_000,)])
            actions = box.query("SELECT action, count(*) FROM audit WHERE subject = ? GROUP BY 1 ORDER BY 1", request)
            self.assertEqual(actions, [("redrive-rate", 1), ("redrive-requested", 1), ("refused", 5)])


if __name__ == "__main__":
    unittest.main()
