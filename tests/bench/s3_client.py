#!/usr/bin/env python3
"""s3_client.py ENDPOINT BUCKET PREFIX FILE SIZE…: the requests of a run, by a client that does nothing else: PREFIX/raw is
fetched into FILE by ranges, copied twice and removed twice, and outputs of these sizes are put as uploads of a part each.
Eight at a time, each as soon as the protocol lets it: what is measured is the server. Prints wall seconds, CPU seconds and
peak MiB, without those of its start.
"""

import concurrent.futures
import http.client
import json
import os
import pathlib
import re
import resource
import sys
import threading
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests import s3

AT_ONCE, FIRST, RANGE = 8, 1 << 20, 8 << 20


class Client:
    def __init__(self, endpoint, bucket, prefix):
        self.host, self.bucket, self.prefix = urllib.parse.urlsplit(endpoint).netloc, bucket, prefix
        self.signer, self.local = s3.client(endpoint), threading.local()

    def send(self, method, what, key, body=None, headers={}, **parameters):
        if not hasattr(self.local, "link"):
            self.local.link = http.client.HTTPConnection(self.host)
        url = self.signer.generate_presigned_url(what, {"Bucket": self.bucket, "Key": f"{self.prefix}/{key}", **parameters})
        self.local.link.request(method, url.split(self.host, 1)[1], body, headers)
        answer = self.local.link.getresponse()
        content = answer.read()
        if answer.status // 100 != 2:
            raise SystemExit(f"{what}: {answer.status} {content.decode(errors='replace')}")
        return answer.headers, content

    def fetch(self, file, begins, size):
        _, content = self.send("GET", "get_object", "raw", headers={"Range": f"bytes={begins}-{begins + size - 1}"})
        os.pwrite(file, content, begins)

    def move(self):
        for source, target in (("raw", "validated"), ("validated", "archive")):
            at = f"{self.bucket}/{self.prefix}/{source}"
            self.send("PUT", "copy_object", target, headers={"x-amz-copy-source": at}, CopySource=at)
        for key in ("raw", "validated"):
            self.send("DELETE", "delete_object", key)

    def put(self, number, content):
        key = f"processed/{number}"
        _, begun = self.send("POST", "create_multipart_upload", key)
        upload = re.search(b"<UploadId>(.*)</UploadId>", begun)[1].decode()
        headers, _ = self.send("PUT", "upload_part", key, content, PartNumber=1, UploadId=upload)
        self.send("POST", "complete_multipart_upload", key, UploadId=upload, body=(
            f"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{headers['ETag']}</ETag></Part>"
            "</CompleteMultipartUpload>"))


def main():
    endpoint, bucket, prefix, name, *sizes = sys.argv[1:]
    client = Client(endpoint, bucket, prefix)
    whole = client.signer.head_object(Bucket=bucket, Key=prefix + "/raw")["ContentLength"]
    noise = os.urandom(max(map(int, sizes)))
    file = os.open(name, os.O_WRONLY | os.O_CREAT)
    started, cpu = time.monotonic(), time.process_time()
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        fetches = [pool.submit(client.fetch, file, 0, min(FIRST, whole))]
        fetches += [pool.submit(client.fetch, file, at, min(RANGE, whole - at)) for at in range(FIRST, whole, RANGE)]
        puts = [pool.submit(client.put, number, noise[:int(size)]) for number, size in enumerate(sizes)]
        concurrent.futures.wait(fetches)  # what is removed cannot be fetched
        for one in fetches + puts + [pool.submit(client.move)]:
            one.result()
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps([time.monotonic() - started, usage.ru_utime + usage.ru_stime - cpu, usage.ru_maxrss / 1024]))


if __name__ == "__main__":
    main()
