"""The console in tmux, as people have it on a bastion: keys by send-keys, the screen by capture-pane."""

import os
import pathlib
import shlex
import shutil
import subprocess
import tempfile
import time

DEADLINE = 120.0


class Tmux:
    """A server of its own, with a window for each who works there; a context manager."""

    def __init__(self, environment, rows=24, columns=80):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tmux-"))
        self.size = ["-x", str(columns), "-y", str(rows)]
        self.environment = {k: v for k, v in environment.items() if not k.startswith(("TMUX", "LC_", "LANG", "NO_COLOR"))}
        self.environment.update({"LC_ALL": "C.UTF-8", "TERM": "xterm-256color", "SHELL": "/bin/sh"})
        self.windows = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(self.command("kill-server"), env=self.environment, capture_output=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def command(self, *arguments):
        return ["tmux", "-S", str(self.folder / "socket"), "-f", os.devnull, *arguments]

    def run(self, *arguments):
        done = subprocess.run(self.command(*arguments), env=self.environment, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True)
        if done.returncode != 0:
            raise AssertionError(f"tmux {arguments}: {done.stderr}")
        return done.stdout

    def open(self, name, argv):
        first = ["new-session", "-d", "-s", "story", *self.size] if not self.windows else ["new-window", "-t", "story"]
        self.run(*first, "-n", name, shlex.join(argv))
        self.windows.append(name)
        return Window(self, name)


class Window:
    def __init__(self, tmux, name):
        self.tmux, self.target, self.strokes = tmux, f"story:{name}", 0

    def text(self):
        return self.tmux.run("capture-pane", "-p", "-t", self.target)

    def wait(self, *texts):
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            shown = self.text()
            if all(text in shown for text in texts):
                return shown
            time.sleep(0.02)  # between two looks, until the deadline
        raise AssertionError(f"the screen does not show {texts}:\n{shown}")

    def press(self, key, *texts):
        """One keystroke, by tmux's name for it, and what it must bring."""
        self.strokes += 1
        self.tmux.run("send-keys", "-t", self.target, key)
        return self.wait(*texts)

    def write(self, text):
        """Into a field for text, which counts no strokes."""
        self.tmux.run("send-keys", "-t", self.target, "-l", text)
        return self.wait(text)
