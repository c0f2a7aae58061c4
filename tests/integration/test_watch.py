"""sluiced watch: what it takes, when, and what it lives through. covers: worker/watch"""

import os
import pathlib
import select
import signal
import shutil
import subprocess
import time
import unittest

from tests.lake import ON_S3, SLUICED, Lake, of_a_directory

DEADLINE = int(os.environ.get("SLUICE_TEST_DEADLINE", 60))
CONTRACT = """
dataset: sales
source: {match: "raw/sales/**", format: csv}
schema:
  fields:
    - {name: id, type: integer}
    - {name: item, type: string}
    - {name: amount, type: number, scale: 2}
"""
HEADER = "id,item,amount\n"


def rows(first, count):
    return "".join(f"{i},item {i},{i}.25\n" for i in range(first, first + count))


class Watch:
    """A lake with a watching worker. Its log is read as it comes, so that the pipe never fills."""

    def __init__(self, *options, contracts=None):
        self.lake = Lake(contracts or {"sales.yaml": CONTRACT})
        (self.lake.path / "raw" / "sales").mkdir()
        self.log = b""
        self.options = options
        self.process = None

    def __enter__(self):
        self.start()
        return self

    def start(self):
        options = {"--every": "1s" if ON_S3 else "1h", "--quiet": "200ms"}
        options.update(zip(self.options[::2], self.options[1::2]))
        flat = [part for pair in options.items() for part in pair]
        self.process = self.lake.start(*flat, command="watch")
        os.set_blocking(self.process.stderr.fileno(), False)
        self.until(lambda: b'"watching"' in self.log, "the worker watches")

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stderr.close()
        self.lake.__exit__()

    def read_log(self, seconds):
        if select.select([self.process.stderr], [], [], seconds)[0]:
            self.log += self.process.stderr.read() or b""

    def until(self, condition, what):
        end = time.monotonic() + DEADLINE
        while not condition():
            if time.monotonic() > end:
                raise AssertionError(f"waited in vain until {what}\n{self.known()}\n{self.log.decode(errors='replace')[-3000:]}")
            if self.process.poll() is not None and self.process.returncode != 0:
                raise AssertionError(f"watch ended with {self.process.returncode}\n{self.log.decode(errors='replace')}")
            self.read_log(0.05)

    def known(self):
        return self.lake.query("SELECT arrival_key, state, error_message, waiting_for FROM file")

    def states(self):
        return dict(self.lake.query("SELECT arrival_key, state FROM file ORDER BY file_id"))

    def written(self):
        return self.lake.query("SELECT coalesce(sum(rows), 0) FROM output WHERE kind = 'processed'")[0][0]

    def until_state(self, key, state="SUCCEEDED"):
        self.until(lambda: self.states().get(key) == state, f"{key} is {state}")

    def incidents(self, kind):
        return self.lake.query("SELECT closed_at IS NOT NULL FROM incident WHERE kind = ? ORDER BY incident_id", kind)

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(DEADLINE)


class Arrivals(unittest.TestCase):
    @of_a_directory
    def test_rename_is_taken_by_its_event(self):
        with Watch("--quiet", "1h") as watch:
            path = watch.lake.put("outside.csv", HEADER + rows(1, 10))
            path.rename(watch.lake.path / "raw/sales/a.csv")
            watch.until_state("raw/sales/a.csv")
            self.assertEqual(watch.written(), 10)
            self.assertEqual(watch.stop(), 0)

    @of_a_directory
    def test_slow_writer_is_waited_for(self):
        with Watch() as watch:
            with open(watch.lake.path / "raw/sales/slow.csv", "w") as slow:
                slow.write(HEADER)
                slow.flush()
                # a file that comes later goes through, so the slow one was looked at and left
                watch.lake.put("raw/sales/other.csv", HEADER + rows(100, 3))
                watch.until_state("raw/sales/other.csv")
                self.assertNotIn("raw/sales/slow.csv", watch.states())
                slow.write(rows(1, 5))
            watch.until_state("raw/sales/slow.csv")
            self.assertEqual(watch.written(), 8)

    @of_a_directory
    def test_sweep_leaves_what_somebody_writes(self):
        # No event tells of the file: it was opened before the worker started and is not written to meanwhile.
        watch = Watch("--every", "1s")
        with open(watch.lake.put("raw/sales/open.csv", HEADER), "a") as slow:
            os.utime(watch.lake.path / "raw/sales/open.csv", (1, 1))
            watch.lake.put("raw/sales/lies.csv", HEADER + rows(100, 3))
            with watch:
                watch.until_state("raw/sales/lies.csv")
                for number in range(3):
                    watch.lake.put(f"raw/sales/{number}.csv", HEADER + rows(200 + 10 * number, 1))
                    watch.until_state(f"raw/sales/{number}.csv")
                self.assertNotIn("raw/sales/open.csv", watch.states())
                slow.write(rows(1, 5))
                slow.close()
                watch.until_state("raw/sales/open.csv")
                self.assertEqual(watch.written(), 11)

    @of_a_directory
    def test_growing_file_is_taken_whole(self):
        with Watch("--quiet", "1s") as watch:
            path = watch.lake.path / "raw/sales/grows.csv"
            for number in range(8):
                with open(path, "a") as file:
                    file.write(HEADER if number == 0 else rows(number, 1))
                watch.read_log(0.1)
            watch.until_state("raw/sales/grows.csv")
            self.assertEqual(watch.written(), 7)
            self.assertEqual(watch.lake.query("SELECT count(*) FROM file"), [(1,)])

    def test_new_folder_and_what_was_in_it(self):
        with Watch() as watch:
            folder = watch.lake.path / "raw/sales/2026/week07"
            folder.mkdir(parents=True)
            (folder / "first.csv").write_text(HEADER + rows(1, 2))
            watch.until_state("raw/sales/2026/week07/first.csv")
            (folder / "second.csv").write_text(HEADER + rows(3, 2))
            watch.until_state("raw/sales/2026/week07/second.csv")
            self.assertEqual(watch.written(), 4)

    def test_fresh_file_from_before_the_start(self):
        watch = Watch("--quiet", "1s")
        watch.lake.put("raw/sales/fresh.csv", HEADER + rows(1, 2))
        with watch:
            watch.until_state("raw/sales/fresh.csv")

    @of_a_directory
    def test_time_of_change_that_lies_ahead(self):
        watch = Watch("--quiet", "1s")
        os.utime(watch.lake.put("raw/sales/ahead.csv", HEADER + rows(1, 2)), (4102444800, 4102444800))
        with watch:
            watch.until_state("raw/sales/ahead.csv")

    def test_many_at_once(self):
        with Watch() as watch:
            for number in range(40):
                path = watch.lake.put("outside.csv", HEADER + rows(number, 1))
                path.rename(watch.lake.path / f"raw/sales/{number}.csv")
            watch.until(lambda: watch.written() == 40, "all are written")


class Gold(unittest.TestCase):
    CONTRACTS = {"sales.yaml": CONTRACT + "gold: {key: [id], mode: merge}\n"}

    def gold(self, watch):
        return watch.lake.query("SELECT coalesce(sum(rows), 0), (SELECT count(*) FROM run WHERE kind = 'compact') "
                                "FROM gold_partition")[0]

    def load(self, watch, name, first, count):
        watch.lake.put("raw/sales/" + name, HEADER + rows(first, count))
        watch.until_state("raw/sales/" + name)

    def test_after_so_many_files(self):
        with Watch("--gold-after", "2", "--gold-every", "1h", contracts=self.CONTRACTS) as watch:
            self.load(watch, "a.csv", 1, 10)
            self.assertEqual(self.gold(watch), (0, 0))
            self.load(watch, "b.csv", 6, 10)
            watch.until(lambda: self.gold(watch) == (15, 1), "two files of ten rows, five of one key, are one gold of 15")
            self.load(watch, "c.csv", 100, 1)
            self.assertEqual(watch.stop(), 0)
            self.assertEqual(self.gold(watch), (15, 1))

    def test_what_was_loaded_before_the_start_and_by_the_clock(self):
        with Watch("--gold-every", "0", contracts=self.CONTRACTS) as watch:
            self.load(watch, "a.csv", 1, 10)
            self.assertEqual(watch.stop(), 0)
            self.assertEqual(self.gold(watch), (0, 0))
            watch.options = ("--gold-after", "0", "--gold-every", "100ms")
            watch.start()
            watch.until(lambda: self.gold(watch) == (10, 1), "the rows from before have their gold")
            self.load(watch, "b.csv", 11, 5)
            watch.until(lambda: self.gold(watch) == (15, 2), "the clock brings the others")
            self.assertEqual(watch.stop(), 0)


class Signals(unittest.TestCase):
    def test_every_ending_signal(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with Watch() as watch:
                self.assertEqual(watch.stop(number), 0)

    def test_broken_contract_keeps_the_old(self):
        with Watch() as watch:
            watch.lake.put("datasets/sales.yaml", CONTRACT.replace("type: integer", "type: intger"))
            watch.process.send_signal(signal.SIGHUP)
            watch.until(lambda: watch.incidents("contracts") == [(0,)], "there is an incident")
            watch.lake.put("raw/sales/a.csv", HEADER + rows(1, 2))
            watch.until_state("raw/sales/a.csv")
            watch.lake.put("datasets/sales.yaml", CONTRACT + "# mended\n")
            watch.lake.put("datasets/more.yaml", CONTRACT.replace("sales", "more"))
            watch.process.send_signal(signal.SIGHUP)
            watch.until(lambda: (1,) in watch.incidents("contracts"), "the incident is closed")
            watch.lake.put("raw/more/b.csv", HEADER + rows(1, 3))
            watch.until_state("raw/more/b.csv")

    def test_changed_contract_needs_no_signal(self):
        with Watch() as watch:
            watch.lake.put("raw/more/b.csv", HEADER + rows(1, 3))
            watch.until_state("raw/more/b.csv", "UNMATCHED")
            watch.lake.put("datasets/more.yaml", CONTRACT.replace("sales", "more"))
            watch.until_state("raw/more/b.csv")


@of_a_directory
class Outage(unittest.TestCase):
    def away(self, watch):
        return watch.lake.path.with_name(watch.lake.path.name + "-away")

    def check_back(self, watch):
        watch.until(lambda: watch.incidents("dependency") and all(c for c, in watch.incidents("dependency")),
                    "the incident is closed")
        watch.lake.put("raw/sales/after.csv", HEADER + rows(100, 2))
        watch.until_state("raw/sales/after.csv")
        # rows are there from the commit on; the state follows when the original is archived, by recovery if need be
        watch.until(lambda: set(watch.states().values()) == {"SUCCEEDED"}, "every file has succeeded")
        self.assertEqual(watch.lake.keys("rejected"), [])
        self.assertEqual(watch.stop(), 0)
        code, report = watch.lake.fsck()
        self.assertEqual(code, 0, report)

    def test_lake_goes_and_comes_back(self):
        with Watch("--every", "1s") as watch:
            watch.lake.put("raw/sales/before.csv", HEADER + rows(1, 2))
            watch.until_state("raw/sales/before.csv")
            watch.lake.path.rename(self.away(watch))
            watch.until(lambda: b"dependency-down" in watch.log, "the outage is seen")
            (self.away(watch) / "raw/sales/meanwhile.csv").write_text(HEADER + rows(10, 2))
            self.away(watch).rename(watch.lake.path)
            watch.until_state("raw/sales/meanwhile.csv")
            self.check_back(watch)

    def test_empty_folder_stands_in_for_the_lake(self):
        """As a mount point does while nothing is mounted on it."""
        with Watch("--every", "1s") as watch:
            watch.lake.path.rename(self.away(watch))
            watch.lake.path.mkdir()
            watch.until(lambda: b"dependency-down" in watch.log, "the outage is seen")
            self.assertEqual(list(watch.lake.path.iterdir()), [])
            watch.lake.path.rmdir()
            self.away(watch).rename(watch.lake.path)
            self.check_back(watch)

    def test_lake_comes_back_from_a_copy(self):
        """Other inodes everywhere: watches and the journal's handle are of no use any more."""
        with Watch("--every", "1s") as watch:
            watch.lake.put("raw/sales/before.csv", HEADER + rows(1, 2))
            watch.until_state("raw/sales/before.csv")
            watch.lake.path.rename(self.away(watch))
            watch.until(lambda: b"dependency-down" in watch.log, "the outage is seen")
            copy = self.away(watch).with_name(self.away(watch).name + "-copy")
            shutil.copytree(self.away(watch), copy)
            copy.rename(watch.lake.path)
            shutil.rmtree(self.away(watch))
            watch.until(lambda: b"journal-opened-anew" in watch.log, "the journal is opened anew")
            self.check_back(watch)

    def test_it_goes_while_files_are_worked_off(self):
        with Watch("--every", "1s", "--lease", "3s") as watch:
            for number in range(30):
                watch.lake.put(f"raw/sales/{number}.csv", HEADER + rows(number * 1000, 500))
            watch.until(lambda: watch.written() > 0, "work has begun")
            watch.lake.path.rename(self.away(watch))
            watch.until(lambda: b"dependency-down" in watch.log, "the outage is seen")
            self.away(watch).rename(watch.lake.path)
            watch.until(lambda: watch.written() == 15000, "all is written")
            self.check_back(watch)

    def test_stop_during_an_outage(self):
        with Watch("--every", "1s") as watch:
            watch.lake.path.rename(self.away(watch))
            watch.until(lambda: b"dependency-down" in watch.log, "the outage is seen")
            self.assertEqual(watch.stop(), 0)
            self.away(watch).rename(watch.lake.path)

    def test_lake_that_never_was(self):
        missing = pathlib.Path(os.environ.get("TMPDIR", "/tmp")) / "no-such-lake"
        done = subprocess.run([SLUICED, "watch", "--lake", str(missing), "--datasets", str(missing)],
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=DEADLINE)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn(b"is not there", done.stderr)


if __name__ == "__main__":
    unittest.main()
