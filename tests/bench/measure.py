"""Wall, CPU and memory of a whole program."""

import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

# A process of its own between: the kernel counts a parent's peak memory as its child's.
LAUNCHER = """
import json, os, sys, time
started = time.monotonic()
quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
pid = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=quiet)
_, status, usage = os.wait4(pid, 0)
print(json.dumps([os.waitstatus_to_exitcode(status), time.monotonic() - started, usage.ru_utime + usage.ru_stime,
                  usage.ru_maxrss / 1024]))
"""


def measure(command):
    """Wall seconds, CPU seconds and peak resident MiB of a command."""
    done = subprocess.run([sys.executable, "-S", "-c", LAUNCHER, *map(str, command)], capture_output=True, text=True,
                          check=True)
    code, *measured = json.loads(done.stdout)
    if code:
        raise SystemExit(f"{command[0]} ended with {code}\n{done.stderr}")
    return tuple(measured)
