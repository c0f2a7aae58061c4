"""How the console ends when its terminal is gone, and that a quiet one takes nothing. covers: tui/app"""

import os
import signal
import time
import unittest

from tests.console.terminal import Console, children
from tests.console.test_console import CONTRACT, sales
from tests.lake import SLUICE, Lake

# of several, the quickest: a busy machine wakes nobody in time, a console that dawdles is slow each time
TRIES, MOST_SECONDS, QUIET_SECONDS = 8, 0.1, 2


class End(unittest.TestCase):
    def setUp(self):
        self.box = Lake({"sales.yaml": CONTRACT})
        self.addCleanup(self.box.__exit__)
        self.box.put("raw/sales/lossy.csv", sales(50))
        self.box.run(check=(0,))

    def console(self):
        return Console([SLUICE, "--lake", str(self.box.path)])

    def took(self, leave):
        with self.console() as console:
            console.wait("Overview", "sales", "as of")
            agents = children(console.pid)
            started = time.monotonic()
            leave(console)
            while not os.waitpid(console.pid, os.WNOHANG)[0]:
                if time.monotonic() - started > 60:
                    self.fail("it does not end")
                time.sleep(0.001)
            console.code = 0
            seconds = time.monotonic() - started
            while any(os.path.exists(f"/proc/{agent}") for agent in agents):
                self.assertLess(time.monotonic() - started, 60, "its agent lives on")
                time.sleep(0.01)
            return seconds

    def quickest(self, leave):
        best = MOST_SECONDS
        for _ in range(TRIES):
            best = self.took(leave)
            if best < MOST_SECONDS:
                break
        self.assertLess(best, MOST_SECONDS)

    def test_a_hang_up_ends_it_at_once(self):
        self.quickest(lambda console: os.kill(console.pid, signal.SIGHUP))

    def test_a_closed_terminal_ends_it_at_once(self):
        def close(console):
            os.close(console.fd)
            console.fd = None

        self.quickest(close)

    def test_quiet_it_takes_nothing(self):
        """No byte and no tick of the processor, whichever screen it shows, nor does its agent."""
        with self.console() as console:
            console.wait("Overview", "sales", "as of")
            for screen in ("1", "3", ":run lossy\r", "5"):
                console.type(screen)
                console.settle()
            processes = [console.pid, *children(console.pid)]

            def ticks():
                found = []
                for pid in processes:
                    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
                        found.append(tuple(map(int, stat.read().rpartition(")")[2].split()[11:13])))
                return found

            written, before, end = len(console.raw), ticks(), time.monotonic() + QUIET_SECONDS
            while time.monotonic() < end:
                console.read(0.1)
            self.assertEqual(len(console.raw), written)
            # the agent looks now and then whether the journal has changed
            self.assertEqual(ticks()[0], before[0])
            self.assertLessEqual(sum(ticks()[1]) - sum(before[1]), 10)


if __name__ == "__main__":
    unittest.main()
