"""sluiced health and sluiced register: is it well, and what lies there.

covers: worker/command
"""

import json
import sqlite3
import unittest

from tests.integration.test_redrive import lake, renamed


class Health(unittest.TestCase):
    def test_what_lies_there_is_registered_and_nothing_done(self):
        with lake() as box:
            for day in (5, 6):
                box.put(f"raw/sales/{day}.csv", renamed(day))
            box.put("raw/other/x.csv", "a,b\n1,2\n")
            done = box.run("--json", command="register", check=(0,))
            said = json.loads(done.stdout)
            self.assertEqual([said[key] for key in ("registered", "waiting", "unmatched")], [3, 2, 1])
            self.assertEqual(box.query("SELECT count(*) FROM run"), [(0,)])
            self.assertEqual(box.run(command="register").stdout, "0 registered; 2 wait, 1 unmatched\n")
            box.run(check=(1,))
            said = json.loads(box.run("--json", command="health", check=(0,)).stdout)
            self.assertEqual([said[key] for key in ("healthy", "waiting", "quarantined")], [True, 0, 2])

    def test_an_open_incident_is_no_health(self):
        with lake() as box:
            self.assertIn("no journal yet", box.run(command="health", check=(3,)).stderr)
            box.put("raw/sales/5.csv", renamed(5))
            box.run(check=(1,))
            with sqlite3.connect(box.path / ".sluice/journal.db") as db:
                db.execute("INSERT INTO incident (kind, subject, message, opened_at, last_at) VALUES "
                           "('dependency', 'lake', 'the disk is full', 1, 1)")
            done = box.run(command="health", check=(1,))
            self.assertIn("incident     dependency lake: the disk is full\n", done.stdout)
            self.assertFalse(json.loads(box.run("--json", command="health", check=(1,)).stdout)["healthy"])


if __name__ == "__main__":
    unittest.main()
