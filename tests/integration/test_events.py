"""Events of a bucket through a queue: SQS judged by botocore, the lake on radosgw. What is put is loaded by what the queue
says alone: the sweep comes once a day.

covers: worker/watch worker/aws
"""

import json
import pathlib
import shlex
import signal
import sqlite3
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.parse

import botocore.session

from tests import s3
from tests.aws import Aws, Refusal
from tests.console.terminal import Console
from tests.integration.test_redrive import CONTRACT as PRICES
from tests.integration.test_redrive import DAYS, renamed
from tests.lake import SLUICE, SLUICED
from tests.receivers import Web, until
from tests.sshd import Sshd

CONTRACT = """
dataset: sales
source: {match: "raw/sales/**"}
schema:
  fields: [{name: id, type: string}, {name: n, type: integer}]
"""


def setUpModule():
    global server
    server = s3.Server().__enter__()
    unittest.addModuleCleanup(server.__exit__)


def record(bucket, key, sequencer="", name="ObjectCreated:Put"):
    return {"eventVersion": "2.1", "eventSource": "aws:s3", "eventName": name, "s3": {
        "s3SchemaVersion": "1.0", "bucket": {"name": bucket},
        "object": {"key": urllib.parse.quote_plus(key, safe="/"), "size": 1, "sequencer": sequencer}}}


class Case(unittest.TestCase):
    count = 0

    def setUp(self):
        Case.count += 1
        self.bucket = f"events{Case.count}"
        self.client = s3.client(server.endpoint)
        self.addCleanup(self.client.close)
        self.client.create_bucket(Bucket=self.bucket)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.home = pathlib.Path(folder.name)
        (self.home / "datasets").mkdir()
        (self.home / "datasets" / "sales.yaml").write_text(CONTRACT)
        self.aws = Aws(access=s3.ACCESS, secret=s3.SECRET, region=s3.REGION).__enter__()
        self.addCleanup(self.aws.__exit__)
        self.queue = self.aws.queue("arrivals")

    def put(self, key, text):
        self.client.put_object(Bucket=self.bucket, Key="in/lake/" + key, Body=text.encode())

    def send(self, *records, **body):
        self.aws.send("arrivals", json.dumps(body or {"Records": list(records)}))

    def told(self, key, sequencer="", **more):
        self.send(record(self.bucket, "in/lake/" + key, sequencer, **more))

    def environment(self, **more):
        return s3.environment(server.endpoint, self.home) | {
            k: v for k, v in self.aws.environment().items() if k.startswith("AWS_ENDPOINT_URL_")} | more

    def arguments(self):
        return ["--lake", f"s3://{self.bucket}/in/lake", "--datasets", str(self.home / "datasets"), "--journal",
                str(self.home / "journal.db")]

    def watch(self, *arguments, **more):
        process = subprocess.Popen(
            [SLUICED, "watch", *self.arguments(), "--events", self.queue, "--every", "1d", "--gold-every", "0", *arguments],
            env=self.environment(**more), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.log = []
        started = threading.Event()

        def read():
            for line in process.stderr:
                self.log.append(json.loads(line) if line.startswith("{") else line)
                if "watching" in line:
                    started.set()

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        self.addCleanup(process.stderr.close)
        self.addCleanup(reader.join)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.assertTrue(started.wait(90), self.log)
        return process

    def query(self, sql):
        with sqlite3.connect(f"file:{self.home}/journal.db?mode=ro", uri=True) as db:
            return db.execute(sql).fetchall()

    def states(self):
        return dict(self.query("SELECT arrival_key, state FROM file"))

    def is_empty(self):
        return not self.aws.queues["arrivals"]


class Events(Case):
    def test_what_is_put_is_loaded_by_its_event(self):
        self.watch()
        odd = "raw/sales/a b+c%20ü/€.csv"
        self.put(odd, "id,n\na,1\n")
        self.put("raw/sales/two.csv", "id,n\nb,1\n")
        self.put("raw/sales/three.csv", "id,n\nc,1\n")
        self.put("raw/sales/sns.csv", "id,n\nd,1\n")
        self.put("raw/sales/untold.csv", "id,n\ne,1\n")
        # as S3 says it, and twice; a multipart upload's; EventBridge's; through SNS; a test; what is none of ours
        self.told(odd, "0A1")
        self.told(odd, "0A1")
        self.told("raw/sales/two.csv", "0A2", name="ObjectCreated:CompleteMultipartUpload")
        self.send(**{"version": "0", "detail-type": "Object Created", "source": "aws.s3", "detail": {
            "bucket": {"name": self.bucket}, "object": {"key": "in/lake/raw/sales/three.csv", "sequencer": "0A3"}}})
        self.send(Type="Notification", Message=json.dumps({"Records": [record(self.bucket, "in/lake/raw/sales/sns.csv")]}))
        self.send(Service="Amazon S3", Event="s3:TestEvent", Bucket=self.bucket)
        self.told("raw/sales/gone.csv", "0A4", name="ObjectRemoved:Delete")
        self.told("raw/sales/never-was.csv", "0A5")
        self.told("processed/sales/x.parquet", "0A6")
        self.told("other/x.csv", "0A7")
        self.send(record(self.bucket, "raw/sales/untold.csv"), record("another", "in/lake/raw/sales/untold.csv"),
                  record(self.bucket, "in/lakeside/raw/sales/untold.csv"))
        until(self.is_empty)
        loaded = {k: "SUCCEEDED" for k in (odd, "raw/sales/two.csv", "raw/sales/three.csv", "raw/sales/sns.csv")}
        until(lambda: self.states() == loaded)
        self.assertEqual([r for r in self.aws.refused], [])
        self.assertEqual(self.query("SELECT count(*) FROM incident"), [(0,)])
        self.assertEqual(self.query(f"SELECT count(*) FROM file WHERE arrival_key = '{odd}'"), [(1,)])

    def test_order_within_a_key(self):
        self.watch()
        self.put("raw/sales/a.csv", "id,n\na,1\n")
        self.told("raw/sales/a.csv", "0055AED6DCD90281E6")
        until(lambda: self.states() == {"raw/sales/a.csv": "SUCCEEDED"})
        # put again, but what comes first was sent before: it tells of nothing new
        self.put("raw/sales/a.csv", "id,n\na,2\n")
        self.told("raw/sales/a.csv", "0055AED6DCD90281E5")
        self.told("raw/sales/a.csv", "0055AED6DCD9028")
        until(self.is_empty)
        self.assertEqual(self.query("SELECT count(*) FROM file"), [(1,)])
        self.told("raw/sales/a.csv", "0055AED6DCD90281E6F")  # behind the others, as zeros stand in on the right
        until(lambda: self.query("SELECT count(*) FROM file WHERE state = 'SUCCEEDED'") == [(2,)])
        self.assertEqual(self.query("SELECT sequencer FROM event_key"), [("0055AED6DCD90281E6F".ljust(64, "0"),)])

    def test_poison_is_set_aside(self):
        self.watch()
        bodies = ["no json", '{"Records": [{"s3": {}}]}', '{"hello": 1}', "[1]"]
        for body in bodies:
            self.aws.send("arrivals", body)
        self.put("raw/sales/a.csv", "id,n\na,1\n")
        self.told("raw/sales/a.csv", "1")
        until(self.is_empty)
        until(lambda: self.states() == {"raw/sales/a.csv": "SUCCEEDED"})
        aside = s3.objects(self.client, self.bucket, "in/lake/rejected/events/")
        self.assertEqual(sorted(self.client.get_object(Bucket=self.bucket, Key=k)["Body"].read().decode() for k in aside),
                         sorted(bodies))
        self.assertEqual(self.query("SELECT kind, subject, times FROM incident WHERE closed_at IS NULL"),
                         [("events", "messages", 4)])

    def test_the_sweep_finds_what_events_lost(self):
        self.watch("--every", "3s")
        self.put("raw/sales/a.csv", "id,n\na,1\n")
        until(lambda: self.states() == {"raw/sales/a.csv": "SUCCEEDED"})

    def test_a_queue_that_is_gone_and_comes_back(self):
        self.aws.faults["ReceiveMessage"] = [Refusal("AWS.SimpleQueueService.NonExistentQueue", "no such queue")] * 2
        self.watch()
        until(lambda: self.query("SELECT 1 FROM incident WHERE kind = 'events' AND subject = 'queue'"))
        until(lambda: self.query("SELECT 1 FROM incident WHERE kind = 'events' AND closed_at IS NOT NULL"))

    def test_a_message_stays_until_the_journal_has_its_file(self):
        """The worker dies with it in hand: the message shows again, and the next worker takes it."""
        self.aws.ReceiveMessage = lambda **p: Aws.ReceiveMessage(self.aws, **{**p, "VisibilityTimeout": 2})
        process = self.watch(SLUICE_FAULT="kill:registered:2")  # the first sweep passes there too
        self.put("raw/sales/a.csv", "id,n\na,1\n")
        self.told("raw/sales/a.csv", "1")
        self.assertEqual(process.wait(), -signal.SIGKILL)
        self.assertEqual((self.states(), len(self.aws.queues["arrivals"])), ({}, 1))
        self.client.delete_object(Bucket=self.bucket, Key="in/lake/raw/sales/a.csv")
        self.watch()
        self.put("raw/sales/a.csv", "id,n\na,1\n")
        until(lambda: self.states() == {"raw/sales/a.csv": "SUCCEEDED"})
        until(self.is_empty)

    def test_stopped_while_it_asks(self):
        self.aws.ReceiveMessage = lambda **p: Aws.ReceiveMessage(self.aws, **{**p, "WaitTimeSeconds": 300})
        process = self.watch()
        until(lambda: "ReceiveMessage" in self.aws.calls)
        started = time.monotonic()
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(), 0)
        self.assertLess(time.monotonic() - started, 38)  # not the forty seconds that a poll may take

    def test_a_directory_has_no_events(self):
        done = subprocess.run([SLUICED, "watch", "--lake", str(self.home), "--events", self.queue], env=self.environment(),
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 2)
        self.assertIn("A directory is watched without", done.stderr)


class Visibility(Case):
    def test_a_message_stays_hidden_while_the_worker_is_busy(self):
        """The loop cannot write to its journal; the thread keeps the message hidden meanwhile."""
        self.watch()
        given = self.aws.queues["arrivals"]
        self.put("raw/sales/a.csv", "id,n\na,1\n")
        with LockedJournal(self.home / "journal.db"):
            self.told("raw/sales/a.csv", "1")
            until(lambda: "ChangeMessageVisibility" in self.aws.calls)
            self.assertEqual((len(given), given[0]["received"]), (1, 1))
        until(lambda: self.states() == {"raw/sales/a.csv": "SUCCEEDED"})
        until(self.is_empty)
        self.assertEqual(self.aws.refused, [])


class Forwarder(Web):
    """Where radosgw pushes its events: they go on into the queue."""

    def __init__(self, aws):
        super().__init__()
        self.aws, self.seen = aws, self

    def append(self, request):
        self.aws.send("arrivals", request[2].decode())


class Story(Case):
    """Object put, notification, queue, worker, reject, alert, console over ssh, re-drive, approval, gold. Nothing is polled
    by hand: the worker's sweep comes once a day."""

    def notify(self, url):
        """The bucket tells url of what is put below the lake's raw/."""
        topics = botocore.session.Session().create_client(
            "sns", endpoint_url=server.endpoint, region_name=s3.REGION, aws_access_key_id=s3.ACCESS,
            aws_secret_access_key=s3.SECRET)
        self.addCleanup(topics.close)
        topic = topics.create_topic(Name=self.bucket, Attributes={"push-endpoint": url})["TopicArn"]
        self.client.put_bucket_notification_configuration(Bucket=self.bucket, NotificationConfiguration={
            "TopicConfigurations": [{"Id": "arrivals", "TopicArn": topic, "Events": ["s3:ObjectCreated:*"], "Filter": {
                "Key": {"FilterRules": [{"Name": "prefix", "Value": "in/lake/raw/"}]}}}]})

    def sshd(self):
        told = [f"{k}={v}" for k, v in self.environment().items() if k.startswith(("AWS_", "XDG_"))]
        agent = shlex.join(["env", *told, SLUICED, "agent", *self.arguments()])
        sshd = Sshd({"alice": f"{agent} --operator alice --role operator", "bob": f"{agent} --operator bob --role approver"})
        sshd.__enter__()
        self.addCleanup(sshd.__exit__)
        return sshd

    def test_from_a_file_that_is_put_to_its_gold(self):
        (self.home / "datasets" / "sales.yaml").write_text(PRICES + "gold: {key: [id]}\n")
        (self.home / "datasets" / "lists").mkdir()
        (self.home / "datasets" / "lists" / "days.csv").write_text(DAYS)
        sshd = self.sshd()
        hook, forwarder = Web().__enter__(), Forwarder(self.aws).__enter__()
        self.addCleanup(hook.__exit__)
        self.addCleanup(forwarder.__exit__)
        self.notify(forwarder.url)
        (self.home / "sluice.yaml").write_text(json.dumps({"environment": "night", "alerts": {
            "console": "sluice -t ssh://alice", "group": "0s",
            "channels": [{"name": "hook", "type": "webhook", "url": "secret://env/HOOK"}]}}))
        self.watch("--config", str(self.home / "sluice.yaml"), "--gold-every", "1s", HOOK=hook.url)

        self.put("raw/sales/tonight.csv", renamed(5, rows=39))
        (alert,) = until(lambda: [a for _, _, body in hook.seen for a in json.loads(body)["alerts"]])
        self.assertEqual((alert["event"], alert["severity"], alert["files"]), ("opened", "error", 1))
        self.assertIn("sales: missing-label", alert["title"])

        program, *arguments = shlex.split(alert["command"])
        self.assertEqual(program, "sluice")
        with Console([SLUICE, *arguments], **{"PATH": sshd.environment()["PATH"]}) as console:
            console.wait("alice@local", "missing-label", "suggestions")
            console.press("s", "it would load", "39 rows: 39 pass, 0 fail", ">Cancel<")
            console.press("\t", "reason")
            console.type("new till software")
            console.wait("reason      new till software")
            console.press("\t", ">Ask<")
            console.press("\r", "outcome     requested", "waits for somebody else")
        asked = until(lambda: [a for _, _, body in hook.seen for a in json.loads(body)["alerts"] if a["kind"] == "request"])
        self.assertIn("alice asks for approval: new till software", asked[0]["title"])
        verb = shlex.split(asked[0]["command"])[3:]
        self.assertEqual(verb[0], "approve")
        done = subprocess.run([SLUICE, "-t", "ssh://bob", *verb], env=sshd.environment(), capture_output=True, text=True,
                              stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, 0, done.stderr)

        until(lambda: s3.objects(self.client, self.bucket, "in/lake/gold/sales/date=2026-01-05/"))
        resolved = until(lambda: [a for _, _, body in hook.seen for a in json.loads(body)["alerts"]
                                  if a["event"] == "resolved" and a["kind"] == "cause"])
        self.assertEqual(resolved[0]["title"], alert["title"])
        until(lambda: self.query("SELECT rows_out FROM run_view WHERE kind = 'compact'") == [(39,)])
        fsck = subprocess.run([SLUICED, "fsck", "--json", *self.arguments()], env=self.environment(), capture_output=True, text=True)
        self.assertEqual((fsck.returncode, json.loads(fsck.stdout)["differences"]), (0, []))
        self.assertEqual(s3.uploads(self.client, self.bucket), [])
        self.assertEqual(self.aws.refused, [])


class LockedJournal:
    """Nobody else can write to it."""

    def __init__(self, path):
        self.db = sqlite3.connect(path, isolation_level=None, timeout=60)

    def __enter__(self):
        self.db.execute("BEGIN IMMEDIATE")

    def __exit__(self, *_):
        self.db.execute("ROLLBACK")
        self.db.close()


if __name__ == "__main__":
    unittest.main()
