"""The console in a pseudo-terminal: what it writes, and what a terminal would show of it."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
import unicodedata

DEADLINE = 120.0
QUIET = 0.25


class Screen:
    """As much of a terminal as ncurses uses with TERM=xterm-256color; anything else fails the test that meets it."""

    TOKEN = re.compile(
        r"\x1b\[(?P<private>[?>]?)(?P<args>[\d;]*)(?P<final>[@-~])|\x1b(?P<charset>[()][0AB])|\x1b(?P<plain>[=>78M])"
        r"|\x1b\](?P<osc>[^\x07\x1b]*)(?:\x07|\x1b\\)|(?P<text>[^\x1b])", re.S)

    def __init__(self, rows, columns):
        self.rows, self.columns = rows, columns
        self.y = self.x = 0
        self.clipboard = None
        self.region = (0, rows - 1)
        self.last = " "
        self.reverse = False
        self.clear()

    def clear(self):
        self.cells = [[" "] * self.columns for _ in range(self.rows)]
        self.marks = [[False] * self.columns for _ in range(self.rows)]

    def feed(self, text):
        """Returns what was not a whole token."""
        at = 0
        while at < len(text):
            found = self.TOKEN.match(text, at)
            if not found:
                if len(text) - at < 200:
                    return text[at:]
                raise AssertionError(f"not a sequence this terminal knows: {text[at:at + 40]!r}")
            at = found.end()
            if found["text"]:
                self.put(found["text"])
            elif found["final"]:
                self.control(found["private"], found["args"], found["final"])
            elif found["plain"] == "M":
                if self.y == self.region[0]:
                    self.scroll(-1)
                else:
                    self.y = max(self.y - 1, 0)
            elif found["osc"] is not None and found["osc"].startswith("52;"):
                self.clipboard = found["osc"].split(";")[2]
        return ""

    def put(self, c):
        if c == "\r":
            self.x = 0
        elif c == "\n":
            if self.y == self.region[1]:
                self.scroll(1)
            else:
                self.y = min(self.y + 1, self.rows - 1)
        elif c == "\b":
            self.x = max(self.x - 1, 0)
        elif c in "\x07\x0e\x0f":
            pass
        elif ord(c) < 0x20:
            raise AssertionError(f"a control character reached the terminal: {c!r}")
        elif unicodedata.combining(c):
            x = max(self.x - 1, 0)
            self.cells[self.y][x] += c
        else:
            wide = 2 if unicodedata.east_asian_width(c) in "WF" else 1
            if self.x + wide > self.columns:
                self.x, self.y = 0, min(self.y + 1, self.rows - 1)
            self.cells[self.y][self.x] = c
            self.marks[self.y][self.x] = self.reverse
            for i in range(1, wide):
                self.cells[self.y][self.x + i] = ""
            self.x += wide
            self.last = c

    def control(self, private, args, final):
        numbers = [int(n) if n else 0 for n in args.split(";")] if args else []
        first = numbers[0] if numbers else 0
        n = first or 1
        if private or final in "hltcnq":
            return
        if final == "r":
            self.region = (max(first, 1) - 1, min(numbers[1] if len(numbers) > 1 else self.rows, self.rows) - 1)
            self.y = self.x = 0
            return
        if final in "ST":
            self.scroll(n if final == "S" else -n)
            return
        if final in "Hf":
            self.y = min(max(first, 1), self.rows) - 1
            self.x = min(max(numbers[1] if len(numbers) > 1 else 1, 1), self.columns) - 1
        elif final == "d":
            self.y = min(n, self.rows) - 1
        elif final == "G":
            self.x = min(n, self.columns) - 1
        elif final == "A":
            self.y = max(self.y - n, 0)
        elif final == "B":
            self.y = min(self.y + n, self.rows - 1)
        elif final == "C":
            self.x = min(self.x + n, self.columns - 1)
        elif final == "D":
            self.x = max(min(self.x, self.columns - 1) - n, 0)
        elif final == "J":
            assert first in (0, 2), first
            start = 0 if first == 2 else self.y
            for y in range(start, self.rows):
                self.blank(y, self.x if y == self.y and first == 0 else 0, self.columns)
        elif final == "K":
            self.blank(self.y, 0 if first == 1 else self.x, self.x + 1 if first == 1 else self.columns)
        elif final == "X":
            self.blank(self.y, self.x, self.x + n)
        elif final == "b":
            for _ in range(n):
                self.put(self.last)
        elif final == "P":
            del self.cells[self.y][self.x:self.x + n]
            self.cells[self.y] += [" "] * n
            del self.marks[self.y][self.x:self.x + n]
            self.marks[self.y] += [False] * n
        elif final == "@":
            self.cells[self.y][self.x:self.x] = [" "] * n
            self.marks[self.y][self.x:self.x] = [False] * n
            del self.cells[self.y][self.columns:], self.marks[self.y][self.columns:]
        elif final == "m":
            for number in numbers or [0]:
                if number in (0, 27):
                    self.reverse = False
                elif number == 7:
                    self.reverse = True
        else:
            raise AssertionError(f"CSI {args} {final} is not known")

    def scroll(self, n):
        top, bottom = self.region
        for _ in range(abs(n)):
            gone, fresh = (top, bottom) if n > 0 else (bottom, top)
            for lines, empty in ((self.cells, " "), (self.marks, False)):
                del lines[gone]
                lines.insert(fresh, [empty] * self.columns)

    def blank(self, y, start, end):
        for x in range(start, min(end, self.columns)):
            self.cells[y][x], self.marks[y][x] = " ", False

    def row(self, y):
        return "".join(self.cells[y]).rstrip()

    def text(self):
        return "\n".join(self.row(y) for y in range(self.rows))


def all_asleep(pid):
    """Whether every thread of a process and of its children waits for something to happen: none runs or wants to."""
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/stat", encoding="utf-8", errors="replace") as stat:
                if stat.read().rpartition(")")[2].split()[0] in "RD":
                    return False
        return all(all_asleep(child) for child in children(pid))
    except (FileNotFoundError, ProcessLookupError):
        return True


def children(pid):
    """Of one process, by what each says of its parent."""
    found = []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as stat:
                if int(stat.read().rpartition(")")[2].split()[1]) == pid:
                    found.append(int(entry))
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


class Console:
    """A program in a terminal of its own; a context manager."""

    def __init__(self, argv, rows=24, columns=80, **environment):
        self.screen = Screen(rows, columns)
        self.raw, self.rest, self.code = b"", "", None
        env = {k: v for k, v in os.environ.items() if not k.startswith(("SLUICE_", "TMUX", "LC_", "LANG", "NO_COLOR"))}
        env.update({"TERM": "xterm-256color", "LC_ALL": "C.UTF-8", **environment})
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.execvpe(argv[0], argv, env)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.code is None:
            try:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
            except (ProcessLookupError, ChildProcessError):
                pass
        if self.fd is not None:
            os.close(self.fd)

    def read(self, seconds):
        """What comes within so many seconds; b"" when nothing does, None at the end."""
        if not select.select([self.fd], [], [], seconds)[0]:
            return b""
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            return None
        if not data:
            return None
        self.raw += data
        text = self.rest + data.decode("utf-8", "surrogateescape")
        self.rest = self.screen.feed(text)
        return data

    def settle(self):
        """Until nothing has come for a while and nobody is about to write more. Returns how many bytes came."""
        start = len(self.raw)
        deadline = time.monotonic() + DEADLINE
        while time.monotonic() < deadline:
            asleep = all_asleep(self.pid)
            data = self.read(QUIET)
            if data is None or (not data and asleep and all_asleep(self.pid)):
                break
        return len(self.raw) - start

    def wait(self, *texts):
        """Until the screen shows all of these."""
        deadline = time.monotonic() + DEADLINE
        while time.monotonic() < deadline:
            shown = self.screen.text()
            if all(text in shown for text in texts):
                return shown
            if self.read(0.1) is None:
                break
        raise AssertionError(f"the screen does not show {texts}:\n{self.screen.text()}")

    def type(self, keys):
        os.write(self.fd, keys.encode() if isinstance(keys, str) else keys)

    def press(self, keys, *texts):
        self.type(keys)
        return self.wait(*texts)

    def resize(self, rows, columns):
        self.screen = Screen(rows, columns)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def end(self, keys=None):
        """Waits for the program's end, its exit code. keys are typed until then: soon after an Esc some are dead."""
        deadline = time.monotonic() + DEADLINE
        while time.monotonic() < deadline:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
                return self.code
            if keys:
                self.type(keys)
            if self.fd is not None:
                self.read(0.1)
            else:
                time.sleep(0.02)
        raise AssertionError("the program does not end")
