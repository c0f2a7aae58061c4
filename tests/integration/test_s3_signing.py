"""Our signatures and those of botocore, AWS's own signer, over random requests. covers: worker/aws"""

import datetime
import hashlib
import os
import pathlib
import random
import subprocess
import tempfile
import unittest
import urllib.parse

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.lake import BUILD

CASES = 10000
LETTERS = "abcXYZ019-_.~ /+=&%$@!*'(),;:?#[]\"\\|^`{}<>éß漢\U0001F600"


class Signer(S3SigV4Auth):
    """With a clock of ours; everything else is botocore's."""

    def add_auth(self, request):
        SigV4Auth.add_auth(self, request)

    def _modify_request_before_signing(self, request):
        if "X-Amz-Content-SHA256" in request.headers:
            del request.headers["X-Amz-Content-SHA256"]
        request.headers["X-Amz-Content-SHA256"] = self.payload(request)


def text(rng, most, letters=LETTERS):
    return "".join(rng.choice(letters) for _ in range(rng.randint(0, most)))


def case(rng):
    method = rng.choice(["GET", "PUT", "HEAD", "POST", "DELETE"])
    path = "/" + urllib.parse.quote(text(rng, 40), safe="/-_.~")
    query = {text(rng, 12) or "q": text(rng, 20) for _ in range(rng.randint(0, 5))}
    host = rng.choice(["bucket.s3.amazonaws.com", "127.0.0.1:9000", "localhost"])
    body = os.urandom(rng.randint(0, 64))
    plain = "abcXYZ019-_.~/+=&%$@!*'();:?  "
    extra = {f"x-amz-meta-{i}": text(rng, 20, plain) for i in range(rng.randint(0, 3))}
    if rng.random() < 0.5:
        extra["range"] = f"bytes={rng.randint(0, 99)}-{rng.randint(100, 999)}"
    if rng.random() < 0.3:
        extra["x-amz-security-token"] = text(rng, 60, "abcXYZ019+/=") + "t"
    access, secret = "AK" + text(rng, 18, "ABC0123"), text(rng, 40, "abcXYZ019+/") + "s"
    region = rng.choice(["us-east-1", "eu-central-1", "ap-southeast-2"])
    at = datetime.datetime(2013, 1, 1) + datetime.timedelta(seconds=rng.randint(0, 500_000_000))
    return method, path, query, host, body, extra, access, secret, region, at


def sign(method, path, query, host, body, extra, access, secret, region, at):
    stamp = at.strftime("%Y%m%dT%H%M%SZ")
    digest = hashlib.sha256(body).hexdigest()
    headers = {"host": host, "x-amz-date": stamp, "x-amz-content-sha256": digest, **extra}
    request = AWSRequest(method=method, url=f"http://{host}{path}", params=query, headers=dict(headers), data=body)
    request.context["timestamp"] = stamp
    signer = Signer(Credentials(access, secret), "s3", region)
    canonical = signer.canonical_request(request)
    signature = signer.signature(signer.string_to_sign(request, canonical), request)
    names = signer.signed_headers(signer.headers_to_sign(request))
    authorization = (f"AWS4-HMAC-SHA256 Credential={signer.scope(request)}, SignedHeaders={names}, "
                     f"Signature={signature}")

    def pairs(of):
        return "".join(f"{k}\x1e{v}\x1f" for k, v in of.items())

    return "\t".join([method, path, pairs(query), pairs(headers), digest, access, secret, stamp, region, authorization])


class Signing(unittest.TestCase):
    def test_random_requests(self):
        rng = random.Random(20261127)
        with tempfile.TemporaryDirectory() as folder:
            cases = pathlib.Path(folder) / "cases"
            cases.write_text("".join(sign(*case(rng)) + "\n" for _ in range(CASES)), encoding="utf-8")
            done = subprocess.run([BUILD / "tests" / "unit" / "worker" / "aws" / "test_sigv4"], capture_output=True,
                                  text=True, env={**os.environ, "SIGV4_CASES": str(cases)})
            self.assertEqual(done.returncode, 0, done.stdout[-3000:] + done.stderr[-3000:])
            self.assertIn(f"# {CASES} cases", done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
