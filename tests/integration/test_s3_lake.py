"""The tests of the directory lake once more, on a lake in S3 (radosgw), through tests/s3.py; "make
test-s3" runs all of them there.

covers: worker/storage
"""

import http.client
import http.server
import os
import re
import ssl
import subprocess
import tempfile
import threading
import unittest

import tests.lake
from tests.receivers import Listener, certificate
from tests.s3 import Bench, environment, objects, uploads

bench = Bench(tests.lake.SLUICED, tests.lake.SLUICE)
tests.lake.SLUICED, tests.lake.SLUICE = bench.names

# these take their programs' names from tests.lake
from tests.crash import test_kill
from tests.integration import test_faults, test_gold, test_pipeline, test_redrive, test_supersede, test_watch
from tests.integration.test_parquet import install_readers
from tests.storm import HARMS, Storm

test_kill.STRIDE = 43
test_faults.STRIDE = 61
test_watch.ON_S3 = True


def setUpModule():
    install_readers()
    bench.__enter__()
    unittest.addModuleCleanup(bench.__exit__)


bench.adopt(tests.lake.Lake)


def on_s3(case, *names):
    """The same test bodies; names: those alone."""
    others = {name: None for name in dir(case) if name.startswith("test_") and names and name not in names}
    return type(case.__name__, (case,), {"__module__": __name__, **others})


RealFiles = on_s3(test_pipeline.RealFiles)
Partitions = on_s3(test_pipeline.Partitions, "test_strange_values")
DirtyRows = on_s3(test_pipeline.DirtyRows, "test_gzip")
Gold = on_s3(test_gold.Gold, "test_export")
Rehearse = on_s3(test_redrive.Rehearse, "test_same_rules_are_those_of_then")
Redrive = on_s3(test_redrive.Redrive, "test_twelve_files_of_one_cause_by_one_request")
Supersede = on_s3(test_supersede.Supersede, "test_the_new_rules_rows_alone_are_left")
Kill = on_s3(test_kill.Kill, "test_at_every_fault_point", "test_where_the_archive_has_the_name_already")
Faults = on_s3(test_faults.Faults, "test_every_point_fails_once")
Watch = on_s3(test_watch.Gold, "test_after_so_many_files")

LARGE = """
dataset: large
source: {match: "raw/large.csv"}
schema: {fields: [{name: id, type: integer}, {name: text, type: string}]}
partition: {part: "1"}
"""


class Large(unittest.TestCase):
    def test_an_output_of_several_parts(self):
        rows = 60000
        with tests.lake.Lake({"large.yaml": LARGE}, memory=True) as lake:
            noise = os.urandom(rows * 150).hex()
            lake.put("raw/large.csv", "id,text\n" + "".join(f"{i},{noise[i * 300:i * 300 + 300]}\n" for i in range(rows)))
            lake.run(check=[0])
            code, report = lake.fsck()
            self.assertEqual((code, report["differences"]), (0, []))
            (key,) = lake.keys("processed")
            etag = objects(bench.s3, bench.bucket)[f"{lake.path.name}/{key}"]
            size = (lake.path / key).stat().st_size
            self.assertGreater(size, 8 << 20)
            self.assertEqual(etag.strip('"').split("-")[1], str(-(-size // (8 << 20))))
            self.assertEqual(lake.leftovers(), [])


class Tls:
    """TLS in front of the server, with a certificate of its own; .hashes: what requests said their body's is."""

    def __init__(self, endpoint):
        host, port = endpoint.split("//")[1].split(":")
        self.upstream, self.hashes = (host, int(port)), []
        self.folder = tempfile.TemporaryDirectory()

    def __enter__(self):
        tls = self
        self.pem, key = certificate(self.folder.name)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.pem, key)

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                self.request = context.wrap_socket(self.request, server_side=True)
                super().setup()

            def finish(self):
                super().finish()
                self.request.close()

            def log_message(self, *_):
                pass

            def forward(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                tls.hashes.append((self.command, len(body), self.headers["x-amz-content-sha256"]))
                link = http.client.HTTPConnection(*tls.upstream)
                link.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
                for name, value in self.headers.items():
                    link.putheader(name, value)
                link.endheaders(body)
                answer = link.getresponse()
                data = answer.read()
                self.send_response_only(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in ("connection", "transfer-encoding", "content-length"):
                        self.send_header(name, value)
                length = answer.getheader("Content-Length") if self.command == "HEAD" else str(len(data))
                self.send_header("Content-Length", length or "0")
                self.end_headers()
                self.wfile.write(data)
                link.close()

            do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = forward

        self.server = Listener(("127.0.0.1", 0), Handler)
        self.endpoint = f"https://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.folder.cleanup()


class Encrypted(unittest.TestCase):
    def test_a_certificate_that_nobody_vouches_for(self):
        with tests.lake.Lake({"sales.yaml": test_kill.CONTRACT}, memory=True) as lake, Tls(bench.server.endpoint) as tls:
            bench.point_at(tls.endpoint)
            self.addCleanup(bench.point_at, bench.server.endpoint)
            lake.put("raw/sales/a.csv", test_kill.table(1, 3))
            done = lake.run(check=[3])
            self.assertIn("AWS_CA_BUNDLE names a file of others", done.stderr)
            self.assertEqual(tls.hashes, [])

    def test_outputs_go_unsigned_over_tls(self):
        """radosgw judges the signatures, of which the bodies of outputs are no part here."""
        with tests.lake.Lake({"sales.yaml": test_kill.CONTRACT}, memory=True) as lake, Tls(bench.server.endpoint) as tls:
            bench.point_at(tls.endpoint)
            self.addCleanup(bench.point_at, bench.server.endpoint)
            os.environ["AWS_CA_BUNDLE"] = str(tls.pem)
            self.addCleanup(os.environ.pop, "AWS_CA_BUNDLE")
            lake.put("raw/sales/a.csv", test_kill.table(1, 300, bad=17))
            lake.run(check=[0])
            code, report = lake.fsck()
            self.assertEqual((code, report["differences"]), (0, []), report)
        sent = {said for method, size, said in tls.hashes if method == "PUT" and size > 1000}
        self.assertIn("UNSIGNED-PAYLOAD", sent)
        self.assertTrue(all(re.fullmatch("[0-9a-f]{64}", said) for method, _, said in tls.hashes if method != "PUT"))


class Moves(unittest.TestCase):
    def test_what_a_copy_and_a_removal_make_of_it(self):
        with tempfile.TemporaryDirectory() as state:
            done = subprocess.run(
                [tests.lake.BUILD / "tests" / "unit" / "worker" / "storage" / "test_s3_move"], capture_output=True, text=True,
                env=environment(bench.server.endpoint, state) | {"S3_MOVES": f"s3://{bench.bucket}/moves"})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("test_many_are_removed_at_once", done.stdout + done.stderr)
        self.assertEqual(uploads(bench.s3, bench.bucket, "moves/"), [])


class OnItsWay(unittest.TestCase):
    """A file of some ranges, each of which is the first to be harmed."""

    LINES = 100000  # of 13 bytes or so: more than the first range

    def load(self, harm):
        contract = LARGE.replace("text, type: string", "n, type: integer")
        with tests.lake.Lake({"large.yaml": contract}, memory=True) as lake, Storm(bench.server.endpoint) as storm:
            storm.choose = lambda method, path, headers: harm if "raw/large.csv" in path and headers.get(
                "Range", "bytes=0-").startswith("bytes=1048576-") and storm.done[harm] == 0 else "well"
            bench.point_at(storm.endpoint)
            self.addCleanup(bench.point_at, bench.server.endpoint)
            lake.put("raw/large.csv", "id,n\n" + "".join(f"{i},{i * 7}\n" for i in range(self.LINES)))
            self.assertGreater((lake.path / "raw/large.csv").stat().st_size, 1 << 20)
            first = lake.run()
            self.assertEqual(storm.done[harm], 1)
            if first.returncode:
                self.assertEqual(lake.query("SELECT state, attempts, error_code FROM file"), [("PENDING", 0, "unavailable")])
                lake.run(check=[0])
            self.assertEqual(lake.query("SELECT sum(rows) FROM output"), [(self.LINES,)])
            self.assertEqual((lake.leftovers(), lake.fsck()[0]), ([], 0))
            return first

    def test_what_is_cut_or_lost_comes_again(self):
        for harm in ("cut", "drop", "busy"):
            with self.subTest(harm):
                self.assertEqual(self.load(harm).returncode, 0)

    def test_a_token_that_expires_while_an_output_goes_up(self):
        with tests.lake.Lake({"sales.yaml": test_kill.CONTRACT}, memory=True) as lake, Storm(bench.server.endpoint) as storm:
            storm.choose = lambda method, path, headers: "expire" if "partNumber=" in path and not storm.done[
                "expire"] else "well"
            bench.point_at(storm.endpoint)
            self.addCleanup(bench.point_at, bench.server.endpoint)
            lake.put("raw/sales/a.csv", test_kill.table(1, 300, bad=17))
            lake.run(check=[0])
            self.assertEqual(storm.done["expire"], 1)
            self.assertEqual((lake.leftovers(), lake.fsck()[0]), ([], 0))

    def test_what_is_damaged_is_no_verdict_on_the_file(self):
        first = self.load("flip")
        self.assertEqual(first.returncode, 3)
        self.assertIn("arrives with other bytes than were put", first.stderr)


class Network(unittest.TestCase):
    def test_a_storm_loses_and_doubles_nothing(self):
        contracts = {"sales.yaml": test_kill.CONTRACT + "gold: {key: [id]}\n"}
        snapshots = []
        for stormy in (False, True):
            with tests.lake.Lake(contracts, memory=True) as lake, Storm(bench.server.endpoint) as storm:
                bench.point_at(storm.endpoint if stormy else bench.server.endpoint)
                self.addCleanup(bench.point_at, bench.server.endpoint)
                for part in range(4):
                    lake.put(f"raw/sales/{part}.csv", test_kill.table(part * 1000, 300, bad=17))
                lake.put("raw/sales/again.csv", test_kill.table(0, 300, bad=17))
                lake.put("raw/sales/wrong.csv", "not;the;header\n1;2;3\n")
                lake.run(check=[1])
                lake.run("--all", check=[0], command="gold")
                code, report = lake.fsck()
                self.assertEqual((code, report["differences"], report["unfinished"]), (0, [], 0), report)
                self.assertEqual(lake.leftovers(), [])
                snapshots.append(lake.snapshot())
            if stormy:
                self.assertTrue(all(storm.done[harm] for harm in HARMS), storm.done)
        self.assertEqual(*snapshots)


if __name__ == "__main__":
    unittest.main()
