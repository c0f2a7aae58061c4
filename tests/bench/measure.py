"""Wall, CPU and memory of a whole program."""

import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys

TWO_AT_ONCE = "two runs, 1 core each"
ROOT = pathlib.Path(__file__).resolve().parents[2]

# A process of its own between: the kernel counts a parent's peak memory as its child's.
LAUNCHER = """
import json, os, sys, time
started = time.monotonic()
quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
if sys.argv[1]:
    os.sched_setaffinity(0, {int(sys.argv[1])})
pid = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ, file_actions=quiet)
_, status, usage = os.wait4(pid, 0)
print(json.dumps([os.waitstatus_to_exitcode(status), time.monotonic() - started, usage.ru_utime + usage.ru_stime,
                  usage.ru_maxrss / 1024]))
"""


def measure(command, core=None):
    """Wall seconds, CPU seconds and peak resident MiB of a command, on one processor where its number is given."""
    done = subprocess.run([sys.executable, "-S", "-c", LAUNCHER, "" if core is None else str(core), *map(str, command)],
                          capture_output=True, text=True, check=True)
    code, *measured = json.loads(done.stdout)
    if code:
        raise SystemExit(f"{command[0]} ended with {code}\n{done.stderr}")
    return tuple(measured)


def cores():
    return sorted(os.sched_getaffinity(0))


def at_once(runs):
    """Each run on a thread and a core of its own, all at the same time: the longest wall, CPU and memory of one."""
    with concurrent.futures.ThreadPoolExecutor(len(runs)) as pool:
        done = list(pool.map(lambda run: run(), runs))
    return tuple(map(max, zip(*(measured for measured, _ in done)))), done[0][1]


def two_cores(medians):
    """What two cores bring us, and what they bring two programs that share nothing: what this machine has to give."""
    one, both, pair = (medians[name][0] for name in ("sluiced, 1 core", "sluiced", TWO_AT_ONCE))
    return f"{len(cores())} cores: {one / both:.2f} times one core; two runs at once, a core each: {2 * one / pair:.2f} times one"
