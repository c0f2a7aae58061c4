"""Settings in secrets: Secrets Manager (judged by botocore), the environment, files; rotation; nothing of them shows.

covers: worker/secret worker/aws
"""

import json
import os
import pathlib
import resource
import subprocess
import tempfile
import unittest

from tests.aws import Aws, Refusal
from tests.lake import SLUICED, Lake
from tests.postgres import Cluster

CONTRACT = """
dataset: sales
source: {match: "raw/**/*.csv"}
schema:
  fields: [{name: id, type: string}, {name: n, type: integer}]
warehouse: {schema: sales}
"""


def environment(aws=None, **more):
    env = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "SLUICE_", "PG"))}
    return env | {"XDG_CONFIG_HOME": "/nonexistent"} | (aws.environment() if aws else {}) | more


def sluiced(*arguments, env):
    return subprocess.run([SLUICED, *arguments], env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True)


def secret_test(*references, env):
    done = sluiced("secret", "test", *references, env=env)
    return done.returncode, done.stdout + done.stderr


class References(unittest.TestCase):
    def test_every_place(self):
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file, \
                Aws({"prod/db": '{"password": "pä/ss", "port": 5432, "deep": {}}', "plain": "text"}) as aws:
            file.write("from a file\n")
            file.flush()
            env = environment(aws, WORD="from the environment", EMPTY="")
            for reference, size in [("secret://aws/prod/db#password", 6), ("secret://aws/prod/db#port", 4),
                                    ("secret://aws/plain", 4), ("secret://env/WORD", 20),
                                    (f"secret://file{file.name}", 11), (f"secret://file/{file.name}", 11),
                                    ("x=${secret://env/WORD}&y=${secret://aws/plain}", 29)]:
                with self.subTest(reference):
                    self.assertEqual(secret_test(reference, env=env), (0, f"ok      the reference: {reference} ({size} bytes)\n"))
            for reference, said in [("secret://aws/none", "ResourceNotFoundException"),
                                    ("secret://aws/prod/db#user", "it has no field user"),
                                    ("secret://aws/prod/db#deep", "it has no field deep"),
                                    ("secret://aws/plain#x", "it is no JSON object"),
                                    ("secret://env/NOWHERE", "the variable is not set"),
                                    ("secret://env/EMPTY", "the variable is not set"),
                                    ("secret://file/no/such", "/no/such"), ("secret://vault/x", "no such place"),
                                    ("secret://aws/", "it names nothing"), ("${secret://env/WORD", "has no end")]:
                with self.subTest(reference):
                    code, text = secret_test(reference, env=env)
                    self.assertEqual(code, 1, text)
                    self.assertIn(said, text)
            self.assertEqual([r for r in aws.refused if "ResourceNotFound" not in r], [])

    def test_throttled_denied_and_down(self):
        with Aws({"a": "text"}) as aws:
            aws.faults["GetSecretValue"] = [Refusal("ThrottlingException", "slower"), Refusal("InternalServiceError", "", 500)]
            self.assertEqual(secret_test("secret://aws/a", env=environment(aws))[0], 0)
            self.assertEqual(aws.calls.count("GetSecretValue"), 3)
            aws.faults["GetSecretValue"] = [Refusal("AccessDeniedException", "no")]
            code, text = secret_test("secret://aws/a", env=environment(aws))
            self.assertEqual(code, 1)
            self.assertIn("Allow secretsmanager:GetSecretValue", text)
            env = environment(aws) | {"AWS_SECRET_ACCESS_KEY": "another"}
            self.assertIn("SignatureDoesNotMatch", secret_test("secret://aws/a", env=env)[1])

    def test_a_setting_of_a_file_an_option_and_the_environment(self):
        with Lake({"sales.yaml": CONTRACT}) as lake:
            lake.put("sluice.yaml", "environment: secret://env/PLACE\nwarehouse: secret://env/URL\n")
            env = environment(PLACE="prod", URL="not one of libpq's")
            arguments = ["--config", str(lake.path / "sluice.yaml"), "--lake", "secret://env/LAKE"]
            done = sluiced("secret", "test", *arguments, env=env | {"LAKE": str(lake.path)})
            self.assertEqual((done.returncode, done.stdout), (0, f"ok      lake: secret://env/LAKE ({len(str(lake.path))} "
                             "bytes)\nok      warehouse: secret://env/URL (18 bytes)\n"
                             "ok      environment: secret://env/PLACE (4 bytes)\n"))
            done = sluiced("fsck", *arguments, env=env)
            self.assertEqual(done.returncode, 2)
            self.assertIn("the setting lake: secret://env/LAKE: the variable is not set", done.stderr)


class Rotation(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster()
        cls.addClassCleanup(cls.cluster.close)
        cls.cluster.psql("CREATE DATABASE shop OWNER known")

    def url(self):
        return f"postgresql://known:${{secret://aws/db#password}}@/shop?host={self.cluster.socket}"

    def work(self, lake, aws, url):
        return subprocess.run([SLUICED, "run", "--lake", str(lake.path), "--warehouse", url, "--datasets",
                               str(lake.path / "datasets")], env=environment(aws), capture_output=True, text=True)

    def test_the_secret_is_read_once_more_when_the_login_fails(self):
        with Lake({"sales.yaml": CONTRACT}) as lake, Aws() as aws:
            answers = ['{"password": "Old/Word: 1"}', '{"password": "right"}']
            aws.GetSecretValue = lambda SecretId: {"Name": SecretId, "SecretString": answers.pop(0)}
            lake.put("raw/a.csv", "id,n\nx,1\n")
            done = self.work(lake, aws, self.url())
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(aws.calls, ["GetSecretValue"] * 2)
            self.assertEqual(self.cluster.psql("SELECT count(*) FROM sales.silver_table", database="shop"), [["1"]])

    def test_a_wrong_one_shows_nowhere(self):
        word = "Xyzzy/Word: 1"
        with Lake({"sales.yaml": CONTRACT}) as lake, Aws({"db": json.dumps({"password": word})}) as aws:
            lake.put("raw/a.csv", "id,n\nx,1\n")
            done = self.work(lake, aws, self.url())
            self.assertEqual(done.returncode, 3, done.stderr)
            self.assertIn("password authentication failed", done.stderr)
            self.assertEqual(aws.calls.count("GetSecretValue"), 2)
            seen = done.stdout + done.stderr + "".join(
                p.read_bytes().decode("latin-1") for p in pathlib.Path(lake.path).rglob("*") if p.is_file())
            for form in ("Xyzzy", "Word%3A"):
                self.assertNotIn(form, seen)
            self.assertEqual(lake.query("SELECT waiting_for FROM file"), [("warehouse",)])

    def test_what_libpq_would_quote(self):
        with Lake({"sales.yaml": CONTRACT}) as lake, Aws({"db": "postgresql://known:word@[half"}) as aws:
            lake.put("raw/a.csv", "id,n\nx,1\n")
            done = self.work(lake, aws, "secret://aws/db")
            self.assertIn("the address of the warehouse cannot be read", done.stderr)
            self.assertNotIn("half", done.stderr)


class Process(unittest.TestCase):
    """What others can see of a worker that has read a secret."""

    def start(self, folder, lake, **env):
        unlimited = (resource.RLIM_INFINITY,) * 2
        _, hard = resource.getrlimit(resource.RLIMIT_CORE)
        limits = unlimited if hard == resource.RLIM_INFINITY else (hard, hard)
        process = subprocess.Popen(
            [SLUICED, "watch", "--every", "1h", "--lake", str(lake.path), "--environment", "secret://env/WORD"],
            env=environment(**env), cwd=folder, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, limits))
        for line in process.stderr:
            if json.loads(line)["event"] == "watching":
                return process
        raise AssertionError("it does not watch")

    def test_no_core_and_no_command_line(self):
        with Lake() as lake, tempfile.TemporaryDirectory() as folder:
            process = self.start(folder, lake, WORD="visible-nowhere")
            proc = pathlib.Path(f"/proc/{process.pid}")
            self.assertNotIn(b"visible", (proc / "cmdline").read_bytes())
            self.assertRegex((proc / "limits").read_text(), r"Max core file size +0 +0 ")
            # what cannot be dumped is root's in /proc, whoever runs it
            self.assertEqual((proc / "environ").stat().st_uid, 0)
            process.send_signal(3)
            _, status = os.waitpid(process.pid, 0)
            process.stderr.close()
            process.returncode = -3
            self.assertFalse(os.WCOREDUMP(status))
            self.assertEqual(os.listdir(folder), [])


if __name__ == "__main__":
    unittest.main()
