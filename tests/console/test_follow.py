"""The console beside other people: it follows the journal, and knows what became of a call whose link died.

covers: tui/app
"""

import os
import signal
import unittest

from tests.console.terminal import Console, children
from tests.integration.test_redrive import lake, renamed
from tests.lake import SLUICE


class Follow(unittest.TestCase):
    def setUp(self):
        self.box = lake()
        self.addCleanup(self.box.__exit__)
        self.put(5)

    def put(self, day, rows=20):
        self.box.put(f"raw/sales/{day}.csv", renamed(day, rows))
        self.box.run(check=(1,))

    def console(self, **environment):
        return Console([SLUICE, "--lake", str(self.box.path)], **environment,
                       SLUICE_DATASETS=str(self.box.path / "datasets"))

    def test_what_others_do_is_seen_and_the_cursor_stays(self):
        for day in (6, 7):
            self.put(day)
        with self.console() as console:
            console.wait("Overview", "sales")
            console.press("2", "Runs", "5.csv", "1/3")
            console.press("j", "2/3")
            self.put(8)
            console.wait("8.csv", "3/4")  # on its run
            console.settle()
            self.assertEqual(console.settle(), 0)
            # what lies below has heard of it as well
            console.press("1", "Overview", "4 file")

    def test_what_is_new_since_one_last_looked(self):
        state = self.box.path / "state"
        with self.console(XDG_STATE_HOME=str(state)) as console:
            console.wait("sales", "1 quarantined")
            console.settle()
            self.assertNotIn("since", console.screen.text())
            self.assertEqual(console.end("Q"), 0)
        self.assertEqual([path.name for path in (state / "sluice").iterdir()], ["seen.json"])
        for day in (6, 7):
            self.put(day)
        with self.console(XDG_STATE_HOME=str(state)) as console:
            console.wait(" new  ", "2 quarantined", "since")
            console.press("\t", "Partitions sales", "0 rows delivered = 0 gold", "every row is accounted for")
            self.assertEqual(console.end("Q"), 0)
        with self.console(XDG_STATE_HOME=str(state)) as console:
            console.wait("sales", "3 quarantined")
            console.settle()
            self.assertNotIn("since", console.screen.text())

    def test_a_hang_up_keeps_what_was_seen(self):
        state = {"XDG_STATE_HOME": str(self.box.path / "state")}

        def close(console):
            os.close(console.fd)
            console.fd = None

        def hang_up(console):
            os.kill(console.pid, signal.SIGHUP)

        for day, leave in ((6, hang_up), (7, close)):
            with self.console(**state) as console:
                console.wait("sales", f"{day - 5} quarantined")
                console.press("j", "sales")  # somebody is there
                console.settle()
                self.put(day)
                console.wait(f"{day - 4} quarantined")  # but nobody looks any more
                leave(console)
                console.end()
            with self.console(**state) as console:
                console.wait(" new  ", "1 quarantined", "since")
                self.assertEqual(console.end("Q"), 0)

    def ask(self, console):
        console.wait("sales")
        console.press("3", "missing-label")
        console.press("\r", "Reason missing-label")
        console.press("s", "it would load", ">Cancel<")
        console.press("\t", "reason")
        console.type("new till software")
        console.wait("new till software")
        console.press("\t", ">Ask<")

    def test_a_link_that_dies_before_it_is_done(self):
        with self.console() as console:
            self.ask(console)
            agent = children(console.pid)[0]
            os.kill(agent, signal.SIGSTOP)
            console.type("\r")
            console.settle()
            os.kill(agent, signal.SIGKILL)
            console.wait("nothing stands of it so far", ">Cancel<")
            self.assertEqual(self.box.query("SELECT count(*) FROM redrive"), [(0,)])
            # the same is asked for again
            console.press("\t", "reason")
            console.press("\t", ">Ask<")
            console.press("\r", "outcome     done", "1 of 1 files loaded")
        self.assertEqual(self.box.query("SELECT count(*), count(DISTINCT client_id) FROM redrive, client_call"), [(2, 1)])

    def test_a_link_that_dies_after_it_was_decided(self):
        with self.console(SLUICE_FAULT="kill:publishing") as console:
            self.ask(console)
            console.press("\r", "outcome     running")
        self.assertEqual(self.box.query("SELECT count(*) FROM redrive"), [(1,)])
        self.box.run(check=(0, 1))


if __name__ == "__main__":
    unittest.main()
