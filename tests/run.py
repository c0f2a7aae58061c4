#!/usr/bin/env python3
"""Runs every test and ends with a line "N passed, N failed".

Unit tests are cmocka programs (TAP), the others Python unittest files; two programs run at a time. Each integration test
gets the programs' paths in SLUICED and SLUICE, the build folder in SLUICE_BUILD and a folder of its own in TMPDIR.
"""

import argparse
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
LIMIT_SECONDS = 1500
SANITIZER = "sanitizer"
# They begin first, so that none of them is left alone at the end.
LONGEST = ["integration/test_gold.py", "integration/test_faults.py", "integration/test_supersede.py",
           "integration/test_s3_lake.py", "integration/test_warehouse.py", "crash/test_kill.py",
           "integration/test_redrive_rows.py", "integration/test_pipeline.py", "integration/test_events.py",
           "console/test_hostile.py", "integration/test_differential.py", "integration/test_parquet_reader.py"]


class Outcome:
    def __init__(self, name, passed, failures, seconds, notes):
        self.name, self.passed, self.failures, self.seconds, self.notes = name, passed, failures, seconds, notes


def program(build, name):
    """Only release builds carry the plain names."""
    return str(build / name if build.name == "release" else build / f"{name}-{build.name}")


def environment(build, folder):
    env = dict(os.environ)
    for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"):  # a program's own output may be read by nobody
        env[name] = f"log_path={folder}/{SANITIZER}:print_stacktrace=1:{os.environ.get(name, '')}"
    env.update(
        SLUICED=program(build, "sluiced"),
        SLUICE=program(build, "sluice"),
        SLUICE_BUILD=str(build),
        TMPDIR=folder,
        CMOCKA_MESSAGE_OUTPUT="TAP",
        LC_ALL="C.UTF-8",
        PYTHONDONTWRITEBYTECODE="1",
    )
    for name in [n for n in env if n.startswith("SLUICE_") and n != "SLUICE_BUILD"]:
        del env[name]
    return env


def run(command, build, **more):
    folder = tempfile.mkdtemp(prefix="sluice-test-")
    started = time.monotonic()
    try:
        done = subprocess.run(
            command, cwd=ROOT, env={**environment(build, folder), **more}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=LIMIT_SECONDS, errors="replace")
        found = "".join(path.read_text(errors="replace") for path in pathlib.Path(folder).glob(f"{SANITIZER}.*"))
        return done.returncode or int(bool(found)), done.stdout + found, time.monotonic() - started
    except subprocess.TimeoutExpired as fault:
        text = fault.stdout or b""
        return -1, text.decode(errors="replace") + f"\nstopped after {LIMIT_SECONDS} s", LIMIT_SECONDS
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def unit(program, build):
    name = str(program.relative_to(build / "tests"))
    code, text, seconds = run([str(program)], build)
    passed = len(re.findall(r"^ok \d+", text, re.M))
    # cmocka calls a test that was left out "not ok", which TAP would not
    failures = re.findall(r"^not ok \d+\b(?! # SKIP).*", text, re.M)
    notes = re.findall(r"^not ok \d+ # SKIP.*", text, re.M)
    if (code != 0 and not failures) or passed + len(failures) + len(notes) == 0:
        failures.append(f"ended with code {code}")
    return Outcome(name, passed, [f + "\n" + text[-6000:] for f in failures[:1]] + failures[1:], seconds, notes)


def python(path, build):
    name = str(path.relative_to(ROOT / "tests"))
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    code, text, seconds = run([sys.executable, "-m", "unittest", "-v", module], build,
                              PYTHONPATH=f"{path.parent}:{ROOT}")
    passed = len(re.findall(r"\.\.\. ok$", text, re.M))
    failures = re.findall(r"^(?:FAIL|ERROR): .*", text, re.M)
    notes = re.findall(r"^.*\.\.\. skipped .*", text, re.M)
    if (code != 0 and not failures) or passed + len(failures) + len(notes) == 0:
        failures.append(f"ended with code {code}")
    return Outcome(name, passed, [f + "\n" + text[-8000:] for f in failures[:1]] + failures[1:], seconds, notes)


def script(path, build):
    code, text, seconds = run([str(path)], build)
    return Outcome(str(path.relative_to(ROOT)), int(code == 0), [] if code == 0 else [text[-8000:]], seconds, [])


def jobs(build, patterns):
    def wanted(path):
        return not patterns or any(pattern in str(path) for pattern in patterns)

    def rank(path):
        name = str(path.relative_to(ROOT / "tests"))
        return LONGEST.index(name) if name in LONGEST else len(LONGEST), name

    found = [(script, ROOT / "tests" / "lint.py")]
    found += [(python, path) for path in sorted(
        (path for folder in ("crash", "integration", "console") for path in (ROOT / "tests" / folder).rglob("test_*.py")),
        key=rank)]
    found += [(unit, path) for path in sorted((build / "tests" / "unit").rglob("test_*"))
              if path.is_file() and os.access(path, os.X_OK) and path.suffix == ""]
    return [(kind, path) for kind, path in found if wanted(path)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build/release", help="folder of the programs")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("patterns", nargs="*", help="only tests whose path holds one of these")
    options = parser.parse_args()
    build = (ROOT / options.build).resolve()
    outcomes = []
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        running = [pool.submit(kind, path, build) for kind, path in jobs(build, options.patterns)]
        for future in concurrent.futures.as_completed(running):
            outcome = future.result()
            outcomes.append(outcome)
            state = f"{len(outcome.failures)} FAILED" if outcome.failures else "ok"
            print(f"{outcome.name:60} {outcome.passed:5} passed  {outcome.seconds:6.1f} s  {state}", flush=True)
            for note in outcome.notes:
                print(f"    {note}")
    failed = [(o, f) for o in outcomes for f in o.failures]
    for outcome, failure in failed:
        print(f"\n== {outcome.name}: {failure}")
    print(f"{sum(o.passed for o in outcomes)} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
