"""J1 on a lake in S3: a radosgw of this machine, against the directory lake and against what the server alone can do."""

import json
import pathlib
import subprocess
import sys

from tests import s3
from tests.bench.measure import measure

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATASETS = ROOT / "schema" / "datasets"
BUCKET = "bench"


class OnS3:
    def __init__(self, sales):
        self.sales = sales
        self.name = sales.name + " on S3"
        self.server = s3.Server().__enter__()
        self.client = s3.client(self.server.endpoint)
        self.client.create_bucket(Bucket=BUCKET)
        self.outputs = []

    def close(self):
        self.client.close()
        self.server.__exit__()

    def title(self):
        return f"{self.name}: {self.sales.expected['records']} records; radosgw with its objects in memory"

    def peers(self):
        yield "sluiced", self.sales.run_sluiced
        yield "sluiced on S3", self.run_on_s3
        yield "the server alone", self.run_server

    def clear(self, prefix):
        for key in s3.objects(self.client, BUCKET, prefix):
            self.client.delete_object(Bucket=BUCKET, Key=key)

    def put_sales(self, key):
        with open(self.sales.csv, "rb") as body:
            self.client.put_object(Bucket=BUCKET, Key=key, Body=body)

    def run_on_s3(self, into):
        self.put_sales(f"{into.name}/raw/sales.csv")
        variables = s3.environment(self.server.endpoint, into / "state")
        told = [f"{name}={variables[name]}" for name in variables if name.startswith(("AWS_", "XDG_STATE"))]
        measured = measure(["env", *told, self.sales.options.build / "sluiced", "run", "--lake",
                            f"s3://{BUCKET}/{into.name}", "--datasets", DATASETS])
        self.outputs = []
        for key in s3.objects(self.client, BUCKET, f"{into.name}/processed/"):
            path = into / key.split("/", 1)[1]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self.client.get_object(Bucket=BUCKET, Key=key)["Body"].read())
            self.outputs.append(path.stat().st_size)
        verdict = self.sales.judge(into / "processed", True)
        left = s3.uploads(self.client, BUCKET)
        self.clear(into.name + "/")
        return measured, f"wrong: {len(left)} uploads left" if left else verdict

    def run_server(self, into):
        """The same requests, with nothing done in between."""
        self.put_sales(f"{into.name}/raw")
        done = subprocess.run(
            [sys.executable, ROOT / "tests" / "bench" / "s3_client.py", self.server.endpoint, BUCKET, into.name, into / "got",
             *map(str, self.outputs)], stdout=subprocess.PIPE, check=True)
        same = subprocess.run(["cmp", "-s", into / "got", self.sales.csv], check=False).returncode == 0
        self.clear(into.name + "/")
        return tuple(json.loads(done.stdout)), "right" if same else "wrong: what was fetched"
