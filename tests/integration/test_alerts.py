"""Alerts as they arrive: webhooks, Slack, Teams, mail, SNS (judged by botocore); once a cause, and again when it is over.

covers: worker/notify worker/net worker/config worker/journal
"""

import datetime
import hashlib
import hmac
import json
import signal
import subprocess
import tempfile
import time
import unittest

from tests.aws import REGION, Aws
from tests.lake import SLUICED, Lake
from tests.receivers import Mail, Web, certificate, until

SALES = """
dataset: sales
source: {match: "raw/sales/**"}
schema:
  fields:
    - {name: id, type: string}
    - {name: n, type: integer}
    - {name: phone, type: integer, sensitive: true}
"""
OTHER = SALES.replace("sales", "other")
TOPIC = f"arn:aws:sns:{REGION}:000000000000:sluice"


def alerts_of(web):
    """Of all that a webhook was given."""
    return [alert for _, _, body in web.seen for alert in json.loads(body)["alerts"]]


class Case(unittest.TestCase):
    def lake(self, alerts):
        lake = Lake({"sales.yaml": SALES, "other.yaml": OTHER})
        self.addCleanup(lake.__exit__)
        lake.put("sluice.yaml", f"environment: test\nalerts: {json.dumps(alerts)}\n")
        lake.config = ["--config", str(lake.path / "sluice.yaml")]
        return lake

    def run_with(self, lake, env=None, code=0, command="run"):
        done = subprocess.run([SLUICED, *command.split(), "--lake", str(lake.path), "--datasets",
                               str(lake.path / "datasets"), *lake.config], env=lake.environment() | (env or {}),
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        self.assertEqual(done.returncode, code, done.stderr + done.stdout)
        return done

    def watch(self, lake, *arguments):
        process = lake.start(*lake.config, "--quiet", "0s", "--gold-every", "0", *arguments, command="watch")
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        for line in process.stderr:
            if json.loads(line)["event"] == "watching":
                return process
        self.fail("it does not watch")


class Webhook(Case):
    def test_one_a_cause_and_one_when_it_is_over(self):
        with Web() as web:
            lake = self.lake({"console": "ssh bastion -t sluice -t prod",
                              "channels": [{"name": "hook", "type": "webhook", "url": web.url + "/x?y=1", "key": "k3y"}]})
            for part in range(3):
                lake.put(f"raw/sales/{part}.csv", "id,n,phone\n" + "".join(f"{part}{i},1x{i},0\n" for i in range(4)) + "z,1,5\n")
            started = time.time()
            self.run_with(lake)
            ((path, headers, body),) = web.seen
            self.assertEqual(path, "/x?y=1")
            self.assertEqual(headers["content-type"], "application/json")
            expected = hmac.new(b"k3y", headers["x-sluice-timestamp"].encode() + b"." + body, hashlib.sha256).hexdigest()
            self.assertEqual(headers["x-sluice-signature"], "sha256=" + expected)
            self.assertLess(abs(int(headers["x-sluice-timestamp"]) - started), 60)
            told = json.loads(body)
            self.assertEqual((told["version"], told["environment"]), (1, "test"))
            (alert,) = told["alerts"]
            (cause,) = lake.sluice("causes")["items"]
            self.assertEqual({k: alert[k] for k in ("event", "kind", "subject", "dataset", "severity", "title", "files", "rows")},
                             {"event": "opened", "kind": "cause", "subject": str(cause["cause"]), "dataset": "sales",
                              "severity": "warning", "title": "sales: type-error in n", "files": 3, "rows": 12})
            self.assertEqual(alert["command"], f"ssh bastion -t sluice -t prod --go 'rows {cause['last_run']}'")
            self.assertRegex(alert["sample"], "^1x[0-3]$")
            since = datetime.datetime.fromisoformat(alert["since"].replace("Z", "+00:00")).timestamp()
            self.assertLess(abs(since - started), 60)
            # more of the same is no news
            lake.put("raw/sales/more.csv", "id,n,phone\na,1x9,0\n")
            self.run_with(lake)
            self.assertEqual(len(web.seen), 1)
            self.assertEqual(lake.query("SELECT files, rows FROM alert"), [(4, 13)])
            # dealt with, all of it
            for run, in lake.query("SELECT run_id FROM run"):
                lake.sluice("discard", run, "--cause", str(cause["cause"]), "--reason", "test data")
            self.run_with(lake)
            resolved = alerts_of(web)[1:]
            self.assertEqual([(a["event"], a["subject"]) for a in resolved], [("resolved", str(cause["cause"]))])
            # and once more, as a new one
            lake.put("raw/sales/late.csv", "id,n,phone\nlate,1x9,0\n")
            self.run_with(lake)
            self.assertEqual([a["event"] for a in alerts_of(web)], ["opened", "resolved", "opened"])
            listed = lake.sluice("alerts")["items"]
            self.assertEqual([(a["state"], a["told"]) for a in listed], [("open", "sent"), ("resolved", "sent")])

    def test_sensitive_and_odd_values(self):
        with Web() as web:
            lake = self.lake({"channels": [{"name": "hook", "type": "webhook", "url": web.url}]})
            lake.put("raw/sales/a.csv", 'id,n,phone\na,1,call-555\nb,"\x1b[31m<@here>`x\u202e",1\n')
            self.run_with(lake)
            samples = {a["title"]: a["sample"] for a in alerts_of(web)}
            self.assertEqual(samples["sales: type-error in phone"], "")
            self.assertEqual(samples["sales: type-error in n"], "^[[31m<@here>`x<U+202E>")
            self.assertNotIn("555", str(web.seen))

    def test_causes_that_differ_in_the_values_shape_alone(self):
        with Web() as web:
            lake = self.lake({"channels": [{"name": "hook", "type": "webhook", "url": web.url}]})
            lake.put("raw/sales/a.csv", 'id,n,phone\na,"12,50",1\nb,1-2,1\nc,1,x\n')
            self.run_with(lake)
            self.assertEqual({a["title"] for a in alerts_of(web)}, {
                "sales: type-error in n, values like 99,99", "sales: type-error in n, values like 9-9",
                "sales: type-error in phone"})

    def test_a_quarantined_file_and_routes(self):
        with Web() as all_, Web() as worst, Web() as other:
            lake = self.lake({
                "channels": [{"name": n, "type": "webhook", "url": w.url} for n, w in
                             (("all", all_), ("worst", worst), ("other", other))],
                "routes": [{"channels": ["all"]}, {"severity": "error", "channels": ["worst"]},
                           {"dataset": "oth*", "channels": ["other"]}]})
            lake.put("raw/sales/a.csv", "id,n,phone\na,x,1\n")
            lake.put("raw/sales/b.csv", "not,the,header\n1,2,3\n")
            lake.put("raw/other/c.csv", "id,n,phone\na,y,1\n")
            self.run_with(lake, code=1)
            titles = [sorted(a["title"] for a in alerts_of(w)) for w in (all_, worst, other)]
            missing = "sales: missing-label"
            self.assertEqual(len(titles[0]), 3)
            self.assertEqual(len(titles[1]), 1)
            self.assertIn(missing, titles[1][0])
            self.assertEqual(titles[2], ["other: type-error in n"])
            (stopped,) = alerts_of(worst)
            self.assertEqual((stopped["severity"], stopped["files"], stopped["rows"]), ("error", 1, 0))
            self.assertRegex(stopped["command"], r"^sluice --lake \S+ --go 'reason [0-9A-Z]{26}'$")


class OtherChannels(Case):
    def test_slack_and_teams(self):
        with Web() as slack, Web() as teams:
            lake = self.lake({"channels": [{"name": "s", "type": "slack", "url": "secret://env/HOOK"},
                                           {"name": "t", "type": "teams", "url": teams.url}]})
            lake.put("raw/sales/a.csv", "id,n,phone\na,<!here>&`x`,1\n")
            self.run_with(lake, env={"HOOK": slack.url + "/services/T0/B0/secretpath"})
            ((path, _, body),) = slack.seen
            self.assertEqual(path, "/services/T0/B0/secretpath")
            text = json.loads(body)["text"]
            self.assertTrue(text.startswith("[sluice test] WARNING sales: type-error in n\n```\n"), text)
            self.assertIn("1 file, 1 row rejected, since 20", text)
            self.assertIn("for example: &lt;!here&gt;&amp;'x'\n", text)
            self.assertEqual(text.count("```"), 2)
            card = json.loads(teams.seen[0][2])["attachments"][0]
            self.assertEqual(card["contentType"], "application/vnd.microsoft.card.adaptive")
            self.assertEqual((card["content"]["type"], card["content"]["version"]), ("AdaptiveCard", "1.4"))
            lines = [block["text"] for block in card["content"]["body"]]
            self.assertEqual(lines[0], "[sluice test] WARNING sales: type-error in n")
            self.assertIn("  for example: <!here>&`x`", lines)
            self.assertNotIn(b"secretpath", (lake.path / ".sluice" / "journal.db").read_bytes())

    def test_mail_with_a_login_that_was_changed(self):
        with tempfile.TemporaryDirectory() as folder:
            pem, key = certificate(folder)
            with Aws() as aws, Mail({"me": "new word"}, pem, key) as mail:
                words = ["old word", "new word"]
                aws.GetSecretValue = lambda SecretId: {"SecretString": words.pop(0)}
                lake = self.lake({"channels": [
                    {"name": "m", "type": "email", "server": mail.url, "user": "me", "password": "secret://aws/mail",
                     "ca": str(pem), "from": "sluice@lake.test", "to": ["a@ops.test", "b@ops.test"]}]})
                lake.put("raw/sales/a.csv", "id,n,phone\na,zwölf,1\n")
                self.run_with(lake, env=aws.environment())
                self.assertEqual(mail.tried, [("me", "old word"), ("me", "new word")])
                ((sender, to, message),) = mail.seen
                self.assertEqual((sender, to), ("sluice@lake.test", ["a@ops.test", "b@ops.test"]))
                self.assertEqual(message["To"], "a@ops.test, b@ops.test")
                self.assertEqual(message["Subject"], "[sluice test] WARNING sales: type-error in n")
                self.assertIn("for example: zwölf\n", message.get_content())
                self.assertLess(abs(message["Date"].datetime.timestamp() - time.time()), 60)

    def test_mail_without_a_login_and_one_that_is_not_trusted(self):
        with tempfile.TemporaryDirectory() as folder:
            pem, key = certificate(folder)
            with Mail() as plain, Mail(None, pem, key) as strange:
                channel = {"type": "email", "from": "sluice@lake.test", "to": "a@ops.test"}
                lake = self.lake({"channels": [channel | {"name": "p", "server": plain.url},
                                               channel | {"name": "s", "server": strange.url}]})
                done = self.run_with(lake, code=1, command="alert test")
                self.assertEqual([m["Subject"] for _, _, m in plain.seen],
                                 ["[sluice test] WARNING this is a test: nothing is wrong"])
                self.assertEqual(strange.seen, [])
                self.assertIn("sent    p (email)", done.stdout)
                self.assertRegex(done.stdout, r"FAILED  s \(email\): .*certificate")

    def test_sns(self):
        with Aws() as aws:
            lake = self.lake({"channels": [{"name": "t", "type": "sns", "topic": TOPIC},
                                           {"name": "f", "type": "sns", "topic": TOPIC + ".fifo"}]})
            lake.put("raw/sales/a.csv", "id,n,phone\na,zwölf,1\n")
            self.run_with(lake, env=aws.environment())
            self.assertEqual(aws.refused, [])
            plain, ordered = aws.published
            self.assertEqual((plain["TopicArn"], plain["Subject"]), (TOPIC, "[sluice test] WARNING sales: type-error in n"))
            self.assertIn("for example: zwölf", plain["Message"])
            self.assertEqual((ordered["MessageGroupId"], len(ordered["MessageDeduplicationId"])), ("sluice", 64))


class Delivery(Case):
    def test_what_cannot_be_sent_stops_nothing_and_is_shown(self):
        with Web((500, b"later"), (404, b"gone")) as web:
            lake = self.lake({"channels": [{"name": "hook", "type": "webhook", "url": web.url},
                                           {"name": "no", "type": "webhook", "url": "http://127.0.0.1:1/"}]})
            lake.put("raw/sales/a.csv", "id,n,phone\na,x,1\nb,2,2\n")
            self.run_with(lake)
            self.assertEqual(lake.query("SELECT state FROM file"), [("SUCCEEDED",)])
            (alert,) = lake.sluice("alerts")["items"]
            self.assertEqual((alert["state"], alert["told"]), ("open", "retrying"))
            failing = {m["channel"]: m for m in alert["messages"]}
            self.assertEqual(failing["hook"]["error"], "it answered with status 500: later")
            self.assertEqual((failing["hook"]["state"], failing["hook"]["attempts"]), ("waiting", 1))
            self.assertIn("connect", failing["no"]["error"].lower())
            # not before its time: half a minute, a quarter less or more
            ((due, last),) = lake.query("SELECT due_at, last_at FROM alert_message JOIN alert USING (alert_id) WHERE channel = 'hook'")
            self.assertLess(due / 1e6, time.time() + 40)
            self.run_with(lake)
            self.assertEqual(len(web.seen), 1)

    def test_a_rate_and_what_came_meanwhile_in_one(self):
        with Web() as web:
            lake = self.lake({"channels": [{"name": "hook", "type": "webhook", "url": web.url, "rate": 1}]})
            for n, value in enumerate(["x", "12x", "1-1", "zz9"]):
                lake.put(f"raw/sales/{n}.csv", f"id,n,phone\na{n},{value},1\n")
                self.run_with(lake)
            self.assertEqual(len(web.seen), 1)
            # an hour on
            self.run_with(lake, env={"SLUICE_CLOCK": str(int((time.time() + 3700) * 1e6))})
            self.assertEqual([len(json.loads(body)["alerts"]) for _, _, body in web.seen], [1, 3])

    def test_quiet_hours(self):
        now = datetime.datetime.now(datetime.timezone.utc)
        begin, end = ((now + datetime.timedelta(hours=h)).strftime("%H:%M") for h in (-1, 2))
        with Web() as web, Web() as loud:
            lake = self.lake({"channels": [
                {"name": "hook", "type": "webhook", "url": web.url, "quiet": f"{begin}-{end}"},
                {"name": "loud", "type": "webhook", "url": loud.url, "quiet": f"{begin}-{end} UTC", "quiet_except": "warning"}]})
            lake.put("raw/sales/a.csv", "id,n,phone\na,x,1\n")
            self.run_with(lake)
            self.assertEqual((len(web.seen), len(loud.seen)), (0, 1))
            ((due,),) = lake.query("SELECT due_at FROM alert_message WHERE channel = 'hook'")
            at = datetime.datetime.fromtimestamp(due / 1e6, datetime.timezone.utc)
            self.assertEqual(at.strftime("%H:%M"), end)
            self.run_with(lake, env={"SLUICE_CLOCK": str(due + 1)})
            self.assertEqual(len(web.seen), 1)

    def test_watch_goes_on_while_a_channel_hangs_and_tells_by_itself(self):
        with Web(60) as web:
            lake = self.lake({"group": "0s", "channels": [{"name": "hook", "type": "webhook", "url": web.url}]})
            process = self.watch(lake)
            lake.put("raw/sales/a.csv", "id,n,phone\na,x,1\n")
            until(lambda: web.seen)
            lake.put("raw/sales/b.csv", "id,n,phone\nb,1,1\n")
            until(lambda: lake.query("SELECT 1 FROM file WHERE arrival_key = 'raw/sales/b.csv' AND state = 'SUCCEEDED'"))
            self.assertEqual(lake.query("SELECT state FROM alert_message"), [("sending",)])
            web.leave.set()
            until(lambda: lake.query("SELECT 1 FROM alert_message WHERE error IS NOT NULL"))
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(), 0)

    def test_an_incident_that_ends_before_it_is_told(self):
        with Web() as web:
            lake = self.lake({"group": "1h", "channels": [{"name": "hook", "type": "webhook", "url": web.url}]})
            self.run_with(lake)
            process = self.watch(lake)
            contract = (lake.path / "datasets" / "sales.yaml").read_text()
            (lake.path / "datasets" / "sales.yaml").write_text("dataset: [\n")
            until(lambda: lake.query("SELECT 1 FROM alert WHERE title LIKE 'contracts: %' AND severity = 'error'"))
            (lake.path / "datasets" / "sales.yaml").write_text(contract)
            until(lambda: lake.query("SELECT 1 FROM alert WHERE resolved_at IS NOT NULL"))
            process.send_signal(signal.SIGTERM)
            process.wait()
            self.assertEqual(lake.query("SELECT event, state FROM alert_message"), [("opened", "dropped")])
            self.assertEqual(web.seen, [])


class Settings(Case):
    def test_mistakes(self):
        for alerts, said in [
                ('{channels: [{name: a, type: webhok, url: x}]}', "1:37: one of these is wanted: webhook slack teams email sns"),
                ('{channels: [{name: a, type: slack}]}', "it wants a url"),
                ('{channels: [{name: a, url: x}]}', "it wants a type"),
                ('{channels: [{name: a, type: slack, url: x, quiet: "9-5"}]}', "hours are wanted"),
                ('{channels: [{name: a, type: slack, url: x, quiet: "22:00-07:00 Mars/Base"}]}', "no such time zone"),
                ('{channels: [{name: a, type: slack, url: x}, {name: a, type: slack, url: x}]}', "of this name already"),
                ('{routes: [{channels: [b]}]}', "there is no channel of this name"),
                ('{chanels: []}', "there is no such key"), ('[]', "a map is wanted")]:
            with self.subTest(alerts):
                lake = self.lake({})
                lake.put("sluice.yaml", f"alerts: {alerts}\n")
                done = self.run_with(lake, code=2)
                self.assertIn(said, done.stderr)
                self.assertIn("sluice.yaml:1:", done.stderr)

    def test_nobody_to_tell(self):
        lake = self.lake({})
        self.assertIn("no channel to send alerts by", self.run_with(lake, code=2, command="alert test").stderr)


if __name__ == "__main__":
    unittest.main()
