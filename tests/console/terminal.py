"""The console in a pseudo-terminal: what it writes, and what a terminal would show of it."""

import base64
import ctypes
import fcntl
import os
import pty
import re
import select
import shutil
import signal
import struct
import termios
import time

from tests.lake import BUILD

DEADLINE = 120.0
QUIET = 0.25
BOLD, UNDERLINE, REVERSE = 1, 2, 4


def load_screen():
    library = ctypes.CDLL(str(BUILD / "tests" / "screen.so"))
    handle, number = ctypes.c_void_p, ctypes.c_int
    library.screen_new.restype, library.screen_new.argtypes = handle, [number, number]
    library.screen_free.restype, library.screen_free.argtypes = None, [handle]
    library.screen_feed.restype, library.screen_feed.argtypes = ctypes.c_char_p, [handle, ctypes.c_char_p, ctypes.c_size_t]
    library.screen_cursor.restype = None
    library.screen_cursor.argtypes = [handle, ctypes.POINTER(number), ctypes.POINTER(number)]
    library.screen_text.restype = ctypes.c_size_t
    library.screen_text.argtypes = [handle, number, ctypes.c_char_p, ctypes.c_size_t]
    library.screen_looks.restype, library.screen_looks.argtypes = None, [handle, number, ctypes.POINTER(ctypes.c_uint16)]
    return library


class Screen:
    """Cells and attributes by libvterm (screen.c); a sequence it does not know fails the test that meets it."""

    LIBRARY = None
    CLIPBOARD = re.compile(rb"\x1b\]52;[^;]*;([^\x07\x1b]*)(?:\x07|\x1b\\)")

    def __init__(self, rows, columns):
        Screen.LIBRARY = Screen.LIBRARY or load_screen()
        self.rows, self.columns = rows, columns
        self.handle = self.LIBRARY.screen_new(rows, columns)
        self.line = ctypes.create_string_buffer(columns * 32)

    def __del__(self):
        self.LIBRARY.screen_free(self.handle)

    def feed(self, data):
        strange = self.LIBRARY.screen_feed(self.handle, data, len(data))
        if strange:
            raise AssertionError(f"not what this terminal knows: {strange!r}")

    def cursor(self):
        y, x = ctypes.c_int(), ctypes.c_int()
        self.LIBRARY.screen_cursor(self.handle, y, x)
        return y.value, x.value

    def looks(self, y):
        """A cell's attributes, and above them its colour plus one."""
        found = (ctypes.c_uint16 * self.columns)()
        self.LIBRARY.screen_looks(self.handle, y, found)
        return list(found)

    def row(self, y):
        n = self.LIBRARY.screen_text(self.handle, y, self.line, len(self.line))
        return self.line.raw[:n].decode("utf-8", "replace").rstrip()

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
    """Of one process: by the kernel's list where it keeps one, else by what each process says of its parent."""
    try:
        found = []
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as listed:
                found += map(int, listed.read().split())
        return found
    except (FileNotFoundError, ProcessLookupError):
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
        self.raw, self.code = b"", None
        env = {k: v for k, v in os.environ.items() if not k.startswith(("SLUICE_", "TMUX", "LC_", "LANG", "NO_COLOR"))}
        env.update({"TERM": "xterm-256color", "LC_ALL": "C.UTF-8", **environment})
        self.fd, its_end = pty.openpty()
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        # a session's leader that opens a terminal has it as its own
        self.pid = os.posix_spawn(shutil.which(argv[0], path=env["PATH"]), argv, env, setsid=True, setsigdef=[signal.SIGPIPE], file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.ttyname(its_end), os.O_RDWR, 0), (os.POSIX_SPAWN_DUP2, 0, 1),
            (os.POSIX_SPAWN_DUP2, 0, 2)])
        os.close(its_end)

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
        self.screen.feed(data)
        return data

    def clipboard(self):
        """What was last sent there, decoded."""
        found = Screen.CLIPBOARD.findall(self.raw)
        return base64.b64decode(found[-1]) if found else None

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
        """To the same size: nobody is told, and nothing is drawn anew."""
        if (rows, columns) == (self.screen.rows, self.screen.columns):
            return
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
