"""What a server says, and what is made of it: a scripted server in the place of S3. covers: worker/storage worker/net"""

import datetime
import hashlib
import http.server
import json
import pathlib
import re
import sqlite3
import subprocess
import tempfile
import threading
import unittest
import urllib.parse

from tests.lake import SLUICED
from tests.s3 import environment


def error(code, message="as it is", **more):
    inner = "".join(f"<{k}>{v}</{k}>" for k, v in more.items())
    return f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>{message}</Message>{inner}</Error>'


class Scripted:
    """Answers in their order, the last for ever: (status, body) or (status, body, headers), or a function of method and
    path that gives one. .seen: what was asked."""

    def __init__(self, *answers):
        self.answers, self.seen = list(answers), []

    def __enter__(self):
        script = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def answer(self):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                script.seen.append((self.command, self.path, dict(self.headers)))
                given = script.answers.pop(0) if len(script.answers) > 1 else script.answers[0]
                status, body, *headers = given(self.command, self.path) if callable(given) else given
                self.send_response_only(status)
                for name, value in (headers[0] if headers else {}).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(b"" if self.command == "HEAD" else body.encode())

            do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = answer

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name)

    def run_on(self, script, **more):
        return subprocess.run([SLUICED, "run", "--lake", "s3://lake/in", "--datasets", str(self.path)],
                              env=environment(script.endpoint, self.path / "state") | more, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True)


class Errors(Case):
    def test_what_is_said(self):
        cases = [
            (404, error("NoSuchBucket"), "NoSuchBucket: as it is", "There is no such bucket"),
            (403, error("AccessDenied"), "s3:GetObject of s3://lake/in/.sluice/lake.json: AccessDenied: as it is",
             "Allow s3:GetObject on arn:aws:s3:::lake/in/.sluice/lake.json."),
            (403, error("InvalidAccessKeyId"), "InvalidAccessKeyId", "The credentials are not right"),
            (403, error("SignatureDoesNotMatch"), "SignatureDoesNotMatch", "The credentials are not right"),
            (301, error("PermanentRedirect"), "PermanentRedirect", "set AWS_REGION"),
            (400, "<html>a wall", "refused (status 400)", None),
        ]
        for status, body, said, hint in cases:
            with self.subTest(said=said), Scripted((status, body)) as script:
                done = self.run_on(script)
                self.assertEqual((done.returncode, len(script.seen)), (3, 1), done.stderr)
                self.assertIn(said, done.stderr)
                self.assertIn(hint or "", done.stderr)
                self.assertNotIn("sluicetestsecret", done.stderr)

    def test_a_write_that_is_denied_names_itself(self):
        marker = json.dumps({"version": 1, "id": "01M8F1ANM54SR0VEZHXA6V0KN5"})
        with Scripted((200, marker), (403, error("AccessDenied"))) as script:
            done = self.run_on(script)
            self.assertEqual(done.returncode, 3)
            self.assertIn("Allow s3:PutObject on arn:aws:s3:::lake/in/.sluice/probe.", done.stderr)

    def test_nobody_there(self):
        with Scripted((200, "")) as script:
            pass
        done = self.run_on(script, AWS_MAX_ATTEMPTS="2")
        self.assertEqual(done.returncode, 3)
        self.assertIn("Is the endpoint right and up?", done.stderr)

    def test_what_may_pass_is_tried_again(self):
        for status, code in [(503, "SlowDown"), (500, "InternalError"), (400, "RequestTimeout"), (429, "Throttling")]:
            with self.subTest(code=code), Scripted((status, error(code))) as script:
                done = self.run_on(script, AWS_MAX_ATTEMPTS="3")
                self.assertEqual((done.returncode, len(script.seen)), (3, 3))
                self.assertIn(code, done.stderr)

    def test_a_clock_that_is_wrong_is_corrected_once(self):
        ahead = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=5)
        date = {"Date": ahead.strftime("%a, %d %b %Y %H:%M:%S GMT")}
        with Scripted((403, error("RequestTimeTooSkewed"), date), (404, error("NoSuchBucket"))) as script:
            self.run_on(script)
            first, second = (datetime.datetime.strptime(headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(
                tzinfo=datetime.timezone.utc) for _, _, headers in script.seen)
            self.assertGreater(ahead - first, datetime.timedelta(hours=4))
            self.assertLess(abs(second - ahead), datetime.timedelta(minutes=10))
        with Scripted((403, error("RequestTimeTooSkewed"), date)) as script:
            self.assertEqual(self.run_on(script).returncode, 3)
            self.assertEqual(len(script.seen), 2)

    def test_another_region_is_signed_for(self):
        for answer in [(400, error("AuthorizationHeaderMalformed", Region="eu-north-1")),
                       (301, "", {"x-amz-bucket-region": "eu-north-1"})]:
            with self.subTest(answer=answer), Scripted(answer, (404, error("NoSuchBucket"))) as script:
                self.run_on(script)
                regions = [re.search(r"/\d{8}/([^/]*)/s3/", headers["Authorization"])[1]
                           for _, _, headers in script.seen]
                self.assertEqual(regions, ["us-east-1", "eu-north-1"])

    def test_another_host_is_asked_instead(self):
        with Scripted((404, error("NoSuchBucket"))) as there:
            with Scripted((307, error("TemporaryRedirect"), {"Location": there.endpoint + "/x?y=1"})) as here:
                self.assertIn("NoSuchBucket", self.run_on(here).stderr)
                self.assertEqual((len(here.seen), len(there.seen)), (1, 1))
                self.assertEqual(there.seen[0][1], here.seen[0][1])
                self.assertEqual(there.seen[0][2]["Host"], there.endpoint.split("//")[1])
        with Scripted((307, error("TemporaryRedirect"), {"Location": "http://user@127.0.0.1:1/"})) as here:
            self.assertEqual(self.run_on(here).returncode, 3)  # nowhere one would go
            self.assertEqual(len(here.seen), 1)

    def test_a_list_of_many_pages(self):
        pages, keys = 12, 1000
        marker = json.dumps({"version": 1, "id": "01M8F1ANM54SR0VEZHXA6V0KN5"})

        def server(method, path):
            asked = urllib.parse.parse_qs(urllib.parse.urlsplit(path).query)
            if method != "GET":
                return 200, "", {"ETag": '"e"'}
            if "list-type" not in asked:
                return 200, marker
            page = int(asked["continuation-token"][0].split()[-1]) if "continuation-token" in asked else 0
            if asked["prefix"] != ["in/raw/"]:
                return 200, "<ListBucketResult><KeyCount>0</KeyCount></ListBucketResult>"
            contents = "".join(
                f"<Contents><Key>in/raw/{page:02}/a%2Bb+{i:04}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
                f"<ETag>&quot;e&quot;</ETag><Size>1</Size></Contents>" for i in range(keys))
            more = f"<IsTruncated>true</IsTruncated><NextContinuationToken>t+/=&amp; {page + 1}</NextContinuationToken>"
            return 200, f"<ListBucketResult>{more if page + 1 < pages else ''}{contents}</ListBucketResult>"

        (self.path / "none.yaml").write_text(
            "dataset: none\nsource: {match: raw/none/**}\nschema: {fields: [{name: id, type: integer}]}\n")
        with Scripted(server) as script:
            done = self.run_on(script)
            self.assertEqual(done.returncode, 0, done.stderr)
        (journal,) = (self.path / "state").rglob("journal.db")
        with sqlite3.connect(journal) as db:
            found = db.execute("SELECT count(*), count(DISTINCT arrival_key), min(arrival_key), max(arrival_key) FROM file")
            self.assertEqual(found.fetchall(), [(pages * keys, pages * keys, "raw/00/a+b 0000", "raw/11/a+b 0999")])

    def test_credentials_that_expired_are_fetched_anew(self):
        process = self.path / "process"
        process.write_text(
            "#!/bin/sh\necho x >> \"$0.count\"\n"
            "printf '{\"AccessKeyId\": \"K%s\", \"SecretAccessKey\": \"s\", \"SessionToken\": \"t\"}' "
            "$(wc -l < \"$0.count\")\n")
        process.chmod(0o755)
        (self.path / "config").write_text(f"[default]\ncredential_process = {process}\n")
        with Scripted((400, error("ExpiredToken")), (404, error("NoSuchBucket"))) as script:
            self.run_on(script, AWS_CONFIG_FILE=str(self.path / "config"), AWS_ACCESS_KEY_ID="",
                        AWS_SECRET_ACCESS_KEY="")
            self.assertEqual([re.search("Credential=([^/]*)/", headers["Authorization"])[1]
                              for _, _, headers in script.seen], ["K1", "K2"])
            self.assertEqual({headers["x-amz-security-token"] for _, _, headers in script.seen}, {"t"})


class Metadata(Case):
    """Credentials of where it runs."""

    KEYS = json.dumps({"Code": "Success", "AccessKeyId": "AKI", "SecretAccessKey": "s", "Token": "t",
                       "Expiration": "2099-01-01T00:00:00Z"})

    def asked(self, script, **more):
        with Scripted((404, error("NoSuchBucket"))) as s3:
            done = self.run_on(s3, AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="", **more)
            self.assertIn("NoSuchBucket", done.stderr)
            self.assertIn("Credential=AKI/", s3.seen[0][2]["Authorization"])

    def test_instance(self):
        with Scripted((200, "token"), (200, "role\n"), (200, self.KEYS)) as script:
            self.asked(script, AWS_EC2_METADATA_SERVICE_ENDPOINT=script.endpoint)
            self.assertEqual([(m, p) for m, p, _ in script.seen],
                             [("PUT", "/latest/api/token"), ("GET", "/latest/meta-data/iam/security-credentials/"),
                              ("GET", "/latest/meta-data/iam/security-credentials/role")])
            self.assertEqual(script.seen[2][2]["X-aws-ec2-metadata-token"], "token")

    def sso(self, expires):
        cache = self.path / ".aws" / "sso" / "cache"
        cache.mkdir(parents=True, exist_ok=True)
        name = hashlib.sha1(b"team").hexdigest()
        (cache / f"{name}.json").write_text(json.dumps({"accessToken": "t0ken", "expiresAt": expires}))
        (self.path / "config").write_text(
            "[default]\nsso_session = team\nsso_account_id = 123456789012\nsso_role_name = Data Ops\n"
            "[sso-session team]\nsso_region = eu-west-1\nsso_start_url = https://example.awsapps.com/start\n")
        return {"HOME": str(self.path), "AWS_CONFIG_FILE": str(self.path / "config")}

    def test_single_sign_on(self):
        role = {"accessKeyId": "AKI", "secretAccessKey": "s", "sessionToken": "t", "expiration": 4102444800000}
        with Scripted((200, json.dumps({"roleCredentials": role}))) as script:
            self.asked(script, AWS_ENDPOINT_URL_SSO=script.endpoint, **self.sso("2099-01-01T00:00:00Z"))
            self.assertEqual([(m, p) for m, p, _ in script.seen],
                             [("GET", "/federation/credentials?role_name=Data%20Ops&account_id=123456789012")])
            self.assertEqual(script.seen[0][2]["x-amz-sso_bearer_token"], "t0ken")
        with Scripted((404, "")) as script:
            done = self.run_on(script, AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="", **self.sso("2020-01-01T00:00:00Z"))
            self.assertEqual((done.returncode, script.seen), (3, []))
            self.assertIn("is over", done.stderr)
            self.assertIn("Run: aws sso login", done.stderr)
            self.assertNotIn("t0ken", done.stderr)

    def test_container(self):
        (self.path / "token").write_text("secret\n")
        with Scripted((200, self.KEYS)) as script:
            self.asked(script, AWS_CONTAINER_CREDENTIALS_FULL_URI=script.endpoint + "/role",
                       AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=str(self.path / "token"))
            self.assertEqual((script.seen[0][1], script.seen[0][2]["Authorization"]), ("/role", "secret"))

    def test_web_identity(self):
        (self.path / "token").write_text("jwt=\n")
        answer = ("<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>"
                  "<AccessKeyId>AKI</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"
                  "<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleWithWebIdentityResult>"
                  "</AssumeRoleWithWebIdentityResponse>")
        with Scripted((200, answer)) as script:
            self.asked(script, AWS_ENDPOINT_URL_STS=script.endpoint, AWS_ROLE_ARN="arn:aws:iam::1:role/r",
                       AWS_WEB_IDENTITY_TOKEN_FILE=str(self.path / "token"))
            self.assertEqual(script.seen[0][:2], ("POST", "/"))


if __name__ == "__main__":
    unittest.main()
