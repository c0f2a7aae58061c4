"""Bad days of the warehouse: what passes by itself is waited for, and no row is lost or doubled.

covers: worker/pg, covers: worker/warehouse
"""

import socket
import subprocess
import threading
import time
import unittest

from tests.integration import test_warehouse
from tests.integration.test_warehouse import Case, table


def setUpModule():
    test_warehouse.setUpModule()


def tearDownModule():
    test_warehouse.tearDownModule()


class Days(Case):
    def trigger(self, body):
        self.sql("CREATE OR REPLACE FUNCTION sales.day() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW._row_number = 20 THEN "
                 f"{body}; END IF; RETURN NEW; END $$; DROP TRIGGER IF EXISTS day ON sales.bronze_table; CREATE TRIGGER day BEFORE "
                 "INSERT ON sales.bronze_table FOR EACH ROW EXECUTE FUNCTION sales.day()")

    def waits(self, lake, advice):
        self.assertEqual(lake.query("SELECT state, waiting_for, attempts FROM file WHERE arrival_key LIKE '%b.csv'"),
                         [("PENDING", "warehouse", 0)])
        self.assertIn(advice, lake.query("SELECT message FROM incident WHERE closed_at IS NULL")[0][0])
        self.assertEqual([len(t) for t in self.tables()], [50, 50, 43])

    def test_what_passes_by_itself(self):
        with self.lake() as lake:
            lake.put("raw/sales/a.csv", table())
            self.run_lake(lake)
            lake.put("raw/sales/b.csv", table(1000, 30, 0))
            self.trigger("RAISE 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'")
            self.run_lake(lake, check=[3])
            self.waits(lake, "disk of the warehouse is full")
            self.trigger("PERFORM pg_sleep(600)")
            self.run_lake(lake, "--warehouse-timeout", "1s", check=[3])
            self.waits(lake, "--warehouse-timeout")
            self.deadlock(lake)
            self.waits(lake, "in each other's way")
            self.sql("DROP TRIGGER day ON sales.bronze_table")
            self.run_lake(lake)
            self.assertEqual([len(t) for t in self.tables()], [80, 80, 73])
            self.assertEqual(lake.query("SELECT count(*) FROM incident WHERE closed_at IS NULL"), [(0,)])
            self.sound(lake)

    def deadlock(self, lake):
        """Somebody holds what the run waits for, then waits for what the run holds, and is not the one to give up."""
        self.sql(f'ALTER DATABASE "{self.name}" SET deadlock_timeout = \'5s\'')
        self.trigger("PERFORM pg_advisory_xact_lock(8)")
        holder = subprocess.Popen(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", self.url], stdin=subprocess.PIPE, text=True,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        worker = None
        try:
            holder.stdin.write("SET deadlock_timeout = '10min'; BEGIN; SELECT pg_advisory_xact_lock(8);\n")
            holder.stdin.flush()
            self.locks("granted", 1)
            worker = lake.start("--warehouse", self.url)
            self.locks("NOT granted", 1)
            holder.stdin.write("LOCK TABLE sales.silver_table IN ACCESS EXCLUSIVE MODE; COMMIT;\n")
            holder.stdin.close()
            worker.communicate(timeout=300)
            self.assertEqual(worker.returncode, 3)
            self.assertEqual(holder.wait(timeout=60), 0)
        finally:
            holder.kill()
            holder.wait()
            if worker and worker.poll() is None:
                worker.kill()
                worker.communicate()

    def locks(self, state, count):
        deadline = time.monotonic() + 60
        while self.sql(f"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 8 AND {state}") != [[str(count)]]:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)

    def test_a_server_that_hangs_up_is_not_called_for_each_file(self):
        calls = []
        with socket.create_server(("127.0.0.1", 0)) as server, self.lake() as lake:

            def hang_up():
                while True:
                    try:
                        connection = server.accept()[0]
                    except OSError:
                        return
                    calls.append(time.monotonic())
                    connection.close()

            thread = threading.Thread(target=hang_up, daemon=True)
            thread.start()
            for i in range(60):
                lake.put(f"raw/sales/{i}.csv", table(i * 100, 3, 0))
            url = f"postgresql://owner@127.0.0.1:{server.getsockname()[1]}/none?sslmode=disable"
            started = time.monotonic()
            self.run_lake(lake, check=[3], url=url)
            # 1, 2, 4, then 8 seconds of quiet, however slow the machine is
            quiet, most = time.monotonic() - started, 1
            for pause in (1, 2, 4):
                most += quiet > 0
                quiet -= pause
            most += max(0, int(quiet // 8)) + 1
            self.assertGreaterEqual(len(calls), 1)
            self.assertLessEqual(len(calls), most)
            self.assertLess(len(calls), 60)
            self.assertEqual(lake.query("SELECT DISTINCT state, waiting_for, attempts FROM file"), [("PENDING", "warehouse", 0)])
            server.shutdown(socket.SHUT_RDWR)
        thread.join(60)


if __name__ == "__main__":
    unittest.main()
