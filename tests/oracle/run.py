#!/usr/bin/env python3
"""run.py --build DIR [--count N] [--seed S]: the oracle against a throwaway PostgreSQL; without a seed, a fresh one."""

import argparse
import pathlib
import secrets
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

from tests.postgres import Cluster  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--count", default="20000")
    parser.add_argument("--seed")
    options = parser.parse_args()
    cluster = Cluster()
    try:
        program = pathlib.Path(options.build) / "tests/oracle/oracle"
        return subprocess.run([program, cluster.url(), options.count, options.seed or str(secrets.randbits(48))]).returncode
    finally:
        cluster.close()


if __name__ == "__main__":
    sys.exit(main())
