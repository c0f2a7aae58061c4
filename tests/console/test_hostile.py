"""Nothing that came from a file, a name or the wire drives a terminal: every screen, every verb, every size.

covers: tui/app tui/view tui/core
"""

import json
import os
import pathlib
import pty
import re
import select
import shlex
import sqlite3
import stat
import subprocess
import termios
import unittest

from tests.console.hostile import FAIR, PIECES, faults, of
from tests.console.terminal import Console, all_asleep
from tests.lake import SLUICE, SLUICED, Lake

CONTRACT = """\
dataset: sales
source: {match: "raw/sales/*"}
encoding: utf-8
dialect: {delimiter: ",", quoteChar: '"'}
schema:
  fieldsMatch: partial
  primaryKey: [id]
  fields:
    - {name: id, type: string}
    - {name: unit_price, type: number, scale: 2, constraints: {required: true}}
    - {name: day, type: date}
partition: {date: "day"}
limits: {max_reject_pct: 99}
"""
BIG = 4 << 20
ALL = b" ".join(map(of, PIECES))
# The worker leaves where it is what has control characters in its name, or no UTF-8.
FORMATS = [piece for piece in PIECES if re.fullmatch("[^\x00-\x1f\x7f-\x9f\ufffd]+", piece.decode(errors="replace"))]
NAMES = [b"%d " % i + b" ".join(map(of, FORMATS)) for i in range(6)]


def quoted(text):
    return b'"' + text.replace(b'"', b'""') + b'"'


def line(cells):
    return b",".join(map(quoted, cells + [b""] * (3 + len(PIECES) - len(cells))))


def rejects():
    """A file whose every hostile row is rejected for its price, a 4 MB cell among them."""
    day = b"2026-01-05"
    lines = [line([b"id", b"unit_price", b"day"] + [of(piece) + b"%d" % i for i, piece in enumerate(PIECES)])]
    for i, piece in enumerate(PIECES + [text.encode() for text in FAIR]):
        lines.append(line([b"%d " % i + of(piece), of(piece), day] + [of(piece)] * 3))
    lines.append(line([b"big", (ALL + b"x" * 61) * (BIG // (len(ALL) + 61)), day]))
    lines += [line([b"ok %d" % i, b"1.50", day]) for i in range(20)]
    return b"\n".join(lines) + b"\n"


def renamed(i):
    """Quarantined: the label of a column is another, and not a fair one."""
    return b"id;" + of(PIECES[i]) + b" unit price;day\n" + b"\n".join(b"%d;1.50;2026-01-05" % n for n in range(20)) + b"\n"


def utf8(piece):
    """As an argument of a program, where a file's bytes have no place."""
    return of(piece).decode("utf-8", "replace").replace("\x00", "")


class Hostile(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.box = Lake({"sales.yaml": CONTRACT})
        cls.put(b"raw/sales/rows " + NAMES[0], rejects())
        for i, name in enumerate(NAMES):
            cls.put(b"raw/sales/renamed " + name, renamed(i))
            cls.put(b"raw/nobody/" + name, b"x")
        cls.put(b"raw/nobody/" + ALL[:200].replace(b"/", b"!"), b"x")
        cls.box.run(check=(0, 1))
        cls.words = "".join(map(utf8, PIECES))
        runs = cls.box.sluice("runs", "--limit", "100")["items"]
        cls.loaded = next(run["run_id"] for run in runs if run["outcome"] == "loaded")
        cls.held = [run["run_id"] for run in runs if run["outcome"] == "quarantined"]
        cls.ask("redrive", cls.held[0], "--ask", "--set", "dialect.delimiter=;", "--map",
                f"{utf8(PIECES[cls.piece_of(cls.held[0])])} unit price=unit_price", "--reason", cls.words)
        cls.ask("override", "sales", "--map", f"{cls.words}=unit_price", "--until", "23h", "--reason", cls.words)
        cls.ask("discard", cls.held[1], "--reason", cls.words)
        cls.ask("acknowledge", "--cause", "1", "--note", cls.words)
        cls.alert()
        cls.door = cls.stand_in_for_ssh()

    @classmethod
    def tearDownClass(cls):
        cls.box.__exit__()

    @classmethod
    def put(cls, key, content):
        path = os.path.join(os.fsencode(cls.box.path), key)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        pathlib.Path(os.fsdecode(path)).write_bytes(content)

    @classmethod
    def alert(cls):
        """As if somebody had been told: a channel's answer is no better than a file."""
        with sqlite3.connect(cls.box.path / ".sluice" / "journal.db") as db:
            db.execute("INSERT INTO alert VALUES (1, 'cause', '1', 'sales', 'error', ?1, ?1, 1, 1, 1, 1, NULL)", (cls.words,))
            db.execute("INSERT INTO alert_message VALUES (1, 1, ?1, 'opened', 'failed', 3, 1, NULL, ?1)", (cls.words,))
            db.execute("UPDATE run SET owner = ?1 || owner", (cls.words,))
        db.close()

    @classmethod
    def piece_of(cls, run):
        name = cls.box.query("SELECT arrival_key FROM file JOIN run USING (file_id) WHERE run_id = ?", run)[0][0]
        name = name.encode("utf-8", "surrogateescape") if isinstance(name, str) else name
        return next(i for i, known in enumerate(NAMES) if known[:2] in name)

    @classmethod
    def ask(cls, *arguments):
        env = cls.box.environment() | {"SLUICE_DATASETS": str(cls.box.path / "datasets")}
        return subprocess.run([SLUICE, *arguments, "--lake", str(cls.box.path), "--json"], env=env,
                              stdin=subprocess.DEVNULL, capture_output=True, check=False)

    @classmethod
    def stand_in_for_ssh(cls):
        """An agent elsewhere, whose names and complaints are no better than its files."""
        folder = cls.box.path / "bin"
        folder.mkdir()
        (folder / "words").write_text(cls.words)
        ssh = folder / "ssh"
        ssh.write_text(f'#!/bin/sh\ncat {folder}/words >&2\nexport SSH_CONNECTION="192.0.2.1 1 192.0.2.2 22"\nexec {SLUICED} agent --lake {cls.box.path} --datasets '
                       f'{cls.box.path}/datasets --role approver --operator "$(cat {folder}/words)" --environment "$(cat {folder}/words)"\n')
        ssh.chmod(ssh.stat().st_mode | stat.S_IXUSR)
        return {"PATH": f"{folder}:{os.environ['PATH']}"}

    # ---- screens ----

    def drain(self, console):
        """Until nobody is about to write more."""
        quiet = 0
        while quiet < 2:
            data = console.read(0.02)
            if data is None:
                raise AssertionError(f"the console ended: {console.raw[-300:]!r}")
            quiet = quiet + 1 if not data and all_asleep(console.pid) else 0

    def walk(self, console, step):
        """Through every screen; step is called with keys and, if it matters, what the screen shows then."""
        step("", "Overview")
        step("\x1b[B?", "Help")
        step("G")
        step("q", "Overview")
        step("\t", "Partitions")
        step("jG")
        step(":targets\r", "Targets")
        step(":alerts\r", "Alerts")
        step("jG")
        step(":workers\r", "Workers")
        step("jG")
        step("2", "Runs")
        step(f":run {self.loaded}\r", "Run")
        step("jjG")
        step(":rejects\r\t", "Data quality")
        step("/type-error\r")
        step("\r", "Rows")
        step("3")
        step(f":rows {self.loaded}\r", "Rows")
        for key in "\x06\x06\x06\x06llg]jjjGgyYf":
            step(key)
        step("", "values in")
        step("Gq", "Rows")
        step(":1000\r")
        step(f"\\\x1b[200~{self.words}\x1b[201~\r")
        step(f":\x1b[200~{self.words}\x1b[201~\r")
        step(f"w/no/folder/\x1b[200~{self.words}\x1b[201~\r")
        step(f":reason {self.held[0]}\r", "Reason")
        step("\t")
        step("jjjjG\r")
        step(f":reason {self.held[2]}\r", "Reason")
        step("s", ">Cancel<")
        step("\t")
        step(f"\x1b[200~{self.words}\x1b[201~")
        step("\x1b[Z\r", "Reason")
        step(f":rows {self.loaded}\r")
        step("lj")
        step("e")
        step("\x1b")
        step(f":reason {self.held[0]}\r", "Reason")
        for key in "v\x06\x06G":
            step(key)
        step("3", "Rejects")
        step("4", "Requests")
        step("\r", "asked by")
        step("q", "Requests")
        for key in "jjkA":
            step(key)
        step("\r")
        step("5", "Audit")
        for key in "jjjjG\r":
            step(key)
        step(":run nonesuch\r")
        step("1", "Overview")

    def check(self, console):
        self.assertEqual(faults(console.raw), [])

    def console(self, rows, columns, **environment):
        return Console([SLUICE, "-t", "ssh://elsewhere"], rows, columns, **{**self.door, **environment})

    def walk_at(self, rows, columns):
        with self.console(rows, columns) as console:
            self.drain(console)

            def step(keys, text=None):
                console.type(keys)
                self.drain(console)
                if text and rows >= 24:
                    console.wait(text)

                shown.append(console.screen.text())

            shown = []
            if rows < 24:
                step("i")
            self.walk(console, step)
            self.check(console)
            return "\n".join(shown)

    def test_every_screen(self):
        seen = self.walk_at(24, 80)
        # it was all there, in its fair form
        for text in ("^[", "^M", "<U+202E>", "<U+009B>", "\\xFF", "漢字", "🙂"):
            self.assertTrue(text in seen, text)

    def test_every_screen_small(self):
        self.walk_at(10, 40)

    def test_every_screen_large(self):
        self.walk_at(100, 300)

    def test_resized_while_it_draws(self):
        sizes = [(10, 40), (24, 80), (100, 300), (3, 7), (24, 80), (60, 33)]
        with self.console(10, 40) as console:
            self.drain(console)
            console.type("i")
            self.drain(console)
            turns = 0

            def step(keys, _=None):
                nonlocal turns
                console.type(keys)
                for _ in range(2):
                    turns += 1
                    console.resize(*sizes[turns % len(sizes)])
                    console.read(0)
                self.drain(console)

            self.walk(console, step)
            console.resize(24, 80)
            console.wait("Overview", "sales")
            self.check(console)

    def test_plain_terminals(self):
        for environment, ascii_only in (({"TERM": "xterm-no-such-thing"}, False), ({"NO_COLOR": "1"}, False),
                                        ({"LC_ALL": "C", "LANG": "C"}, True), ({"TERM": "linux"}, False)):
            with self.subTest(**environment), self.console(24, 80, **environment) as console:
                self.drain(console)
                console.wait("Overview", "sales", "unmatched")
                console.press(f":run {self.loaded}\r", "Run", "type-error")
                console.press("\r", "Rows", "value", "hex")
                self.drain(console)
                self.check(console)
                if ascii_only:
                    self.assertTrue(console.raw.isascii())

    # ---- lines ----

    def type_line(self, console, arguments):
        """As a terminal takes it: no control characters, which are its own keys. What acts is declined."""
        if arguments[0] == "export" or "ssh://elsewhere" in arguments:
            return
        line = " ".join(shlex.quote(re.sub(r"[\x00-\x1f\x7f]", "", word)) for word in arguments)
        console.type((line.encode()[:4000]).decode(errors="ignore") + "\nno\n")
        self.drain(console)

    def test_plain(self):
        """Every verb, typed at the prompt."""
        with Console([SLUICE, "--plain", "-t", "ssh://elsewhere"], TERM="dumb", **self.door) as console:
            console.wait("sluice>")
            mode = termios.tcgetattr(console.fd)
            mode[3] &= ~termios.ECHO  # what is typed is the terminal's to show
            termios.tcsetattr(console.fd, termios.TCSANOW, mode)
            for arguments in self.verbs():
                self.type_line(console, arguments)
            for line in ("r", "n", "?", "targets", "'", "help rows"):
                console.type(line + "\n")
                self.drain(console)
            self.assertEqual(faults(console.raw, "\r\n"), [])
            self.assertNotIn(b"\x1b", console.raw)
            for text in (b"^[", b"<U+202E>", b"<U+009B>", b"\\xFF"):
                self.assertIn(text, console.raw)

    # ---- verbs ----

    def said(self, arguments, terminal):
        """Everything a verb writes, to a pipe or to a terminal."""
        env = self.box.environment() | {"SLUICE_DATASETS": str(self.box.path / "datasets"), "TERM": "xterm-256color",
                                        "LC_ALL": "C.UTF-8"}
        command = [SLUICE, *arguments]
        if "-t" in arguments:
            env.update(self.door)
        else:
            command += ["--lake", str(self.box.path)]
        if not terminal:
            done = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            return done.returncode, done.stdout
        outer, inner = pty.openpty()
        process = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=inner, stderr=inner)
        os.close(inner)
        said = b""
        try:
            while data := os.read(outer, 1 << 16):
                said += data
        except OSError:
            pass
        os.close(outer)
        return process.wait(), said

    def verbs(self):
        """All that the program's own help names, with something that each takes."""
        done = subprocess.run([SLUICE, "--help"], capture_output=True, text=True, check=True)
        listed = re.findall(r"^  ([a-z]+)  +(\[?[A-Z][A-Z \]]*?)?  +[a-z]", done.stdout, re.M)
        names = {name: argument for name, argument in listed}
        self.assertGreater(len(names), 25)
        key = self.box.query("SELECT redrive_id FROM redrive LIMIT 1")[0][0]
        own = {"show": [self.loaded], "rows": [self.loaded], "stages": [self.loaded], "export": [self.loaded, "-o", "-"],
               "reason": [self.held[0]], "rehearse": [self.held[0]], "trace": ["sales", f"0 {utf8(PIECES[0])}"],
               "balance": ["sales"], "audit": [], "causes": [self.loaded], "patch": [self.held[0]]}
        wrong = {"RUN": self.words, "[RUN]": self.words, "DATASET": self.words, "REQUEST": self.words, "CLIENT": self.words,
                 "[SUBJECT]": self.words, "[INCIDENT]": self.words}
        for name, argument in sorted(names.items()):
            yield [name, *own.get(name, [])]
            if argument:
                yield [name, *([self.words, self.words] if "KEY" in argument else [wrong[argument]])]
            yield [name, self.words, "--reason", self.words, "--until", self.words]
        for run in self.held[:3]:
            yield ["reason", run]
            yield ["show", run]
        yield ["rehearse", self.held[1], "--map", f"{self.words}=unit_price"]
        yield ["show", f"--{self.words}"]
        yield ["rehearse", self.held[2], "--set", f"{self.words}=1"]
        yield ["patch", self.held[2], "--row", "1", "--column", self.words, "--value", "x"]
        yield ["redrive", self.held[2], "--reason", self.words, "--map", f"{self.words}=unit_price", "--set", "dialect.delimiter=;"]
        yield ["audit", key]
        yield ["overview", "-t", "ssh://elsewhere"]
        yield ["overview", "-t", self.words]
        yield [self.words]

    def test_every_verb(self):
        shown = b""
        for arguments in self.verbs():
            # an error text is one or two lines, wherever it goes
            for terminal in (False, True) if self.words not in arguments else (True,):
                with self.subTest(arguments=arguments, terminal=terminal):
                    _, said = self.said(arguments, terminal)
                    # an export is the producer's own bytes
                    if arguments[0] == "export" and arguments[1] == self.loaded:
                        continue
                    self.assertEqual(faults(said, "\n\r" if terminal else "\n", sequences=terminal), [])
                    shown += said
        for text in (b"^[", b"<U+202E>", b"<U+009B>", b"\\xFF"):
            self.assertIn(text, shown)

    def test_json_is_ascii(self):
        for arguments in (["rows", self.loaded], ["runs"], ["overview"], ["requests"], ["audit"], ["causes"],
                          ["reason", self.held[0]]):
            _, said = self.said([*arguments, "--json"], False)
            self.assertNotRegex(said, rb"[^\n -~]")
            json.loads(said)


if __name__ == "__main__":
    unittest.main()
