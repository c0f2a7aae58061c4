#!/usr/bin/env python3
"""The house rules that a machine can check; prints each breach and exits 1 when there is one."""

import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# A file may include its own room and strictly lower floors; siblings never meet.
FLOORS = {
    "shared": 0,
    "worker/tasks": 1, "worker/value": 1, "worker/stream": 1, "worker/net": 1, "worker/pg": 1,
    "worker/batch": 2, "worker/aws": 2,
    "worker/expr": 3, "worker/format": 3, "worker/storage": 3, "worker/secret": 3,
    "worker/config": 4, "worker/journal": 4,
    "worker/shape": 5, "worker/notify": 5, "worker/warehouse": 5, "worker/fleet": 5,
    "worker/sink": 6,
    "worker/run": 7,
    "worker/gold": 8,
    "worker/redrive": 9,
    "worker/agent": 10, "worker/watch": 10,
    "worker/command": 11,
    "worker": 12,
    "tui/core": 1, "tui/view": 2, "tui/app": 3, "tui": 4,
}
BANNED = r"\b(strcpy|strcat|sprintf|vsprintf|gets|atoi|atol|atof|strtok|alloca|system|popen|setjmp|longjmp|rand|tmpnam|mktemp)\s*\("
MAX_FILE_LINES = 600
MAX_FUNCTION_LINES = 80

breaches = []


def breach(path, line, text):
    breaches.append(f"{path.relative_to(ROOT)}:{line}: {text}")


def room_of(path):
    parts = path.relative_to(ROOT).parts
    two = "/".join(parts[:2])
    return two if len(parts) > 2 and two in FLOORS else parts[0]


def sources():
    for top in ("shared", "worker", "tui"):
        yield from sorted((ROOT / top).rglob("*.[ch]"))


def check_includes(path, lines):
    room = room_of(path)
    for number, line in enumerate(lines, 1):
        found = re.match(r'#include "([^"]+)"', line)
        if not found or found[1].startswith("schema/"):
            continue
        target = ROOT / found[1]
        if not target.exists():
            breach(path, number, f'include "{found[1]}" is not relative to the repository')
            continue
        other = room_of(target)
        if {room.split("/")[0], other.split("/")[0]} == {"worker", "tui"}:
            breach(path, number, "worker/ and tui/ never meet")
        elif other != room and FLOORS[other] >= FLOORS[room]:
            breach(path, number, f"{room} (floor {FLOORS[room]}) includes {other} (floor {FLOORS[other]})")


def check_text(path, lines):
    if len(lines) > MAX_FILE_LINES:
        breach(path, len(lines), f"{len(lines)} lines; the limit is {MAX_FILE_LINES}")
    start = None
    for number, line in enumerate(lines, 1):
        code = re.sub(r'"(\\.|[^"\\])*"|//.*|/\*.*?\*/', "", line)
        if re.search(BANNED, code):
            breach(path, number, "banned function: " + re.search(BANNED, code)[1])
        if re.search(r"#\s*include\s+[\"<][^\">]*\.c[\">]", line):
            breach(path, number, "a .c file is included")
        if line.startswith("{"):
            start = number
        elif line.startswith("}") and start:
            if number - start > MAX_FUNCTION_LINES and line == "}":
                breach(path, start, f"a function of {number - start} lines; the limit is {MAX_FUNCTION_LINES}")
            start = None


def check_tests():
    """Every room has unit tests, and a test's folder is that of a room."""
    rooms = {path.parent.relative_to(ROOT) for path in sources() if path.suffix == ".c" and path.parent != ROOT / "worker"
             and path.parent != ROOT / "tui"}
    everything = "".join(p.read_text(errors="replace") for p in (ROOT / "tests").rglob("*.py"))
    for room in sorted(rooms):
        if not list((ROOT / "tests" / "unit" / room).glob("test_*.c")) and f"covers: {room}" not in everything:
            breaches.append(f"{room}: no test in tests/unit/{room}, and no integration test says 'covers: {room}'")


def check_format():
    tool = shutil.which("clang-format-14") or shutil.which("clang-format")
    if not tool:
        breaches.append("clang-format is not installed")
        return
    files = [str(p) for p in sources()] + [str(p) for p in sorted((ROOT / "tests").rglob("*.[ch]"))
                                           if "node_modules" not in p.parts]
    done = subprocess.run([tool, "--dry-run", "--ferror-limit=1", *files], cwd=ROOT, capture_output=True, text=True)
    for line in done.stderr.splitlines():
        if "warning:" in line or "error:" in line:
            breaches.append(line.replace(str(ROOT) + "/", ""))


def main():
    for path in sources():
        lines = path.read_text(encoding="utf-8").splitlines()
        check_includes(path, lines)
        check_text(path, lines)
    check_tests()
    check_format()
    for line in breaches:
        print(line)
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
