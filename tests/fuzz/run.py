#!/usr/bin/env python3
"""run.py --build DIR [--time SECONDS] TARGET...: libFuzzer's targets, one after the other, from files that our writer,
DuckDB and hyparquet-writer made, and from what tests/data/fuzz keeps. What a target finds new is kept in
build/fuzz/corpus/TARGET, so that the next hour begins where this one ended; an input that breaks it in build/fuzz."""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.integration.test_parquet import HERE, install_readers, query  # noqa: E402
from tests.integration.test_parquet_reader import COLUMNS, OPTIONS  # noqa: E402

FUZZ = ROOT / "build" / "fuzz"
LARGEST = 16 * 1024  # of an input: mutation of more finds less a second
ROWS = 60


def duckdb_files(into):
    """A file for each type, version and codec, with and without NULL."""
    copies = []
    for name, sql, _ in COLUMNS:
        for number, value in enumerate((sql, f"CASE WHEN hash(i) % 4 > 0 THEN {sql} END")):
            for version, codec, _ in OPTIONS:
                path = into / f"duckdb-{name}-{number}-{version}-{codec}"
                copies.append(f"COPY (SELECT {value} AS v FROM range({ROWS}) t(i)) TO '{path}' "
                              f"(FORMAT parquet, PARQUET_VERSION {version}, COMPRESSION {codec})")
    for start in range(0, len(copies), 100):
        query(";".join(copies[start:start + 100] + ["SELECT 1"]))


def parquet_seeds(build, into):
    install_readers()
    duckdb_files(into)
    with tempfile.TemporaryDirectory(prefix="sluice-fuzz-") as folder:
        subprocess.run(["node", HERE / "foreign.mjs", folder, str(ROWS)], check=True)
        subprocess.run([build / "tests/unit/worker/format/parquet/test_samples"], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, env={**os.environ, "SLUICE_SAMPLES_DIR": folder})
        for path in pathlib.Path(folder).glob("*.parquet"):
            if path.stat().st_size <= LARGEST:
                shutil.copy(path, into / path.stem)


def reader_seeds(_build, into):
    for path in (ROOT / "tests/data/fuzz/reader").iterdir():
        shutil.copy(path, into / path.name)


SEEDS = {"parquet": parquet_seeds, "footer": parquet_seeds, "reader": reader_seeds}


def fuzz(target, build, seconds):
    corpus, seeds = FUZZ / "corpus" / target, FUZZ / "seeds" / target
    corpus.mkdir(parents=True, exist_ok=True)
    if not seeds.exists():
        with tempfile.TemporaryDirectory(prefix="seeds-", dir=FUZZ) as folder:
            made = pathlib.Path(folder) / target
            made.mkdir()
            SEEDS[target](build, made)
            seeds.parent.mkdir(exist_ok=True)
            made.rename(seeds)
    print(f"{target}: {seconds} s from {len(list(seeds.iterdir()))} files and {len(list(corpus.iterdir()))} kept", flush=True)
    return subprocess.run([FUZZ / "tests/fuzz" / f"fuzz_{target}", f"-max_total_time={seconds}", f"-max_len={LARGEST}",
                           "-timeout=60", "-rss_limit_mb=4096", "-print_final_stats=1", "-reload=0",
                           f"-artifact_prefix={FUZZ}/{target}-", corpus, seeds]).returncode


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "release")
    parser.add_argument("--time", type=int, default=60)
    parser.add_argument("targets", nargs="+", choices=SEEDS)
    options = parser.parse_args()
    return max(fuzz(target, options.build.resolve(), options.time) != 0 for target in options.targets)


if __name__ == "__main__":
    sys.exit(main())
