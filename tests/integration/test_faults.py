"""Faults of what the worker depends on: it says so, blames no file, loses nothing, and goes on by itself.
covers: worker/run"""

import contextlib
import os
import pathlib
import subprocess
import tempfile
import unittest

from tests.crash.test_kill import CONTRACT, fill, table
from tests.lake import ON_S3, Lake, of_a_directory


STRIDE = 7 if ON_S3 else 1  # of the sweep


class Faults(unittest.TestCase):
    def blameless(self, lake):
        """Nothing is counted against any file, nothing is quarantined but what deserves it."""
        if not lake.query("SELECT 1 FROM sqlite_master WHERE name = 'file'"):
            return  # it ended before the journal was there
        self.assertEqual(lake.query("SELECT arrival_key FROM file WHERE attempts > 0 OR state = 'FAILED' OR (state = "
                                    "'QUARANTINED' AND arrival_key <> 'raw/sales/wrong.csv')"), [])

    def whole(self, lake, expected):
        lake.run(check=[0, 1])
        self.assertEqual(lake.snapshot(), expected)
        self.assertEqual(lake.leftovers(), [])
        code, report = lake.fsck()
        self.assertEqual((code, report["unfinished"]), (0, 0), report)
        self.blameless(lake)

    @classmethod
    def setUpClass(cls):
        with Lake({"sales.yaml": CONTRACT}, memory=True) as lake:
            fill(lake)
            lake.run(check=[1])
            cls.expected = lake.snapshot()

    def test_every_point_fails_once(self):
        point = unhurt = 0
        while unhurt < (8 if STRIDE == 1 else 2):  # some points cannot fail, only be died at
            point += STRIDE
            with Lake({"sales.yaml": CONTRACT}, memory=True) as lake, self.subTest(point=point):
                fill(lake)
                done = lake.run(fault=f"fail:any:{point}", check=[1, 3])
                hit = "injected" in done.stderr
                unhurt = 0 if hit else unhurt + 1
                # what was not sealed when a file was done is once the run ends
                made_up = "journal-not-sealed" in done.stderr and lake.query("SELECT count(*) FROM unsealed") == [(0,)]
                self.assertEqual(done.returncode, 3 if hit and not made_up else 1, done.stderr)
                if (lake.path / ".sluice" / "journal.db").exists():
                    self.blameless(lake)
                self.whole(lake, self.expected)
        self.assertGreater(point, 100)

    def test_points_that_stay_broken(self):
        for name in ("write", "sync", "rename", "remove", "journal-commit", "manifest", "published", "moving", "moved"):
            with Lake({"sales.yaml": CONTRACT}, memory=True) as lake, self.subTest(name):
                fill(lake)
                lake.run()  # the journal and the marker are there
                lake.put("raw/sales/late.csv", table(5000, 50))
                self.assertEqual(lake.run(fault=f"fail:{name}:*").returncode, 3)
                self.assertEqual(lake.run(fault=f"fail:{name}:*").returncode, 3)
                self.blameless(lake)
                lake.run(check=[0])
                self.assertEqual(lake.query("SELECT state FROM file WHERE arrival_key = 'raw/sales/late.csv'"),
                                 [("SUCCEEDED",)])
                self.assertEqual((lake.leftovers(), lake.fsck()[0]), ([], 0))

    def test_several_workers_at_once(self):
        with Lake({"sales.yaml": CONTRACT}, memory=True) as lake, Lake({"sales.yaml": CONTRACT}, memory=True) as alone:
            for i in range(40):
                for one in (lake, alone):
                    one.put(f"raw/sales/f{i:02}.csv", table(1000 * i, 100, bad=7))
            alone.run(check=[0])
            workers = [lake.start() for _ in range(4)]
            for worker in workers:
                log = worker.stderr.read().decode()
                self.assertEqual(worker.wait(), 0, log)
                worker.stderr.close()
            self.assertEqual(lake.snapshot(), alone.snapshot())
            self.assertEqual(lake.query("SELECT count(*), count(DISTINCT owner) > 1 FROM run"), [(40, 1)],
                             lake.query("SELECT * FROM run_view WHERE outcome IS NULL"))
            self.assertEqual((lake.leftovers(), lake.fsck()[0]), ([], 0))

    @of_a_directory
    def test_lake_gone_and_back(self):
        with Lake({"sales.yaml": CONTRACT}) as lake:
            lake.run(check=[0])
            fill(lake)
            away = pathlib.Path(str(lake.path) + "-away")
            for mounted in (False, True):  # not there; an empty mount point
                lake.path.rename(away)
                if mounted:
                    lake.path.mkdir()
                    (lake.path / "datasets").mkdir()
                done = lake.run("--datasets", str(away / "datasets"), "--journal", str(away / ".sluice/journal.db"))
                self.assertEqual(done.returncode, 3, done.stderr)
                if mounted:
                    subprocess.run(["rm", "-r", str(lake.path)], check=True)
                away.rename(lake.path)
            self.whole(lake, self.expected)


@contextlib.contextmanager
def mounted(size):
    """A file system of its own in memory, as a lake that can be full or read-only."""
    folder = tempfile.mkdtemp(prefix="lake-mount-")
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True)
    if done.returncode:
        os.rmdir(folder)
        raise unittest.SkipTest("cannot mount here: " + done.stderr.decode().strip())
    try:
        yield pathlib.Path(folder)
    finally:
        subprocess.run(["umount", "-l", folder], check=True)
        os.rmdir(folder)


@of_a_directory
@unittest.skipUnless(os.geteuid() == 0, "needs root to mount a small file system")
class Mounts(Faults):
    test_every_point_fails_once = test_points_that_stay_broken = test_lake_gone_and_back = None
    test_several_workers_at_once = None

    @contextlib.contextmanager
    def lake(self, size):
        with mounted(size) as folder:
            lake = Lake()
            os.rmdir(lake.path / "raw")
            os.rmdir(lake.path / "datasets")
            os.rmdir(lake.path)
            lake.path = folder / "lake"
            lake.put("datasets/sales.yaml", CONTRACT)
            fill(lake)
            yield lake

    def test_full(self):
        for spare in (0, 4096, 100_000, 200_000, 300_000, 400_000):
            with self.subTest(spare=spare), self.lake("4m") as lake:
                ballast = lake.path.parent / "ballast"
                free = os.statvfs(lake.path)
                ballast.write_bytes(bytes(max(0, free.f_bavail * free.f_bsize - spare)))
                done = lake.run()
                self.assertEqual(done.returncode, 3, done.stderr)
                ballast.unlink()
                self.whole(lake, self.expected)

    def test_read_only(self):
        with self.lake("16m") as lake:
            subprocess.run(["mount", "-o", "remount,ro", str(lake.path.parent)], check=True)
            done = lake.run()
            self.assertEqual(done.returncode, 3, done.stderr)
            self.assertIn("Read-only", done.stderr)
            subprocess.run(["mount", "-o", "remount,rw", str(lake.path.parent)], check=True)
            self.whole(lake, self.expected)


if __name__ == "__main__":
    unittest.main()
