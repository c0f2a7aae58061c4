"""What must never reach a terminal as it is, and a judge of the bytes that do."""

import base64
import re
import unicodedata

# Before each piece, so that what leaked is told from what curses itself writes.
MARK = b"Qz"
PIECES = [
    b"\x1b[2J", b"\x1b[38;5;201m", b"\x1b[6n", b"\x1b[?1000h", b"\x1b]0;title\x07", b"\x1b]52;c;aGk=\x07", b"\x1b]8;;http://x\x1b\\",
    b"\x1bPq#0\x1b\\", b"\x1b_Ga=T\x1b\\", b"\x1bc", b"\x1b(0", b"\r", b"\b\b", b"\x07", b"\x01", b"\x0e", b"\x7f", b"\t", b"\x0b",
    "\u202e".encode(), "\u2066".encode(), "\u200b".encode(), "\u200d".encode(), "\ufeff".encode(), "\u2028".encode(),
    "\u00ad".encode(), "\u009b31m".encode(), "\u0085".encode(), "\u009d0;x\u009c".encode(), "\U000e0041".encode(),
    "\U000f0000".encode(), "\ufe0f".encode(), b"\x9b31m", b"\xff\xfe", b"\xed\xa0\x80", b"\xc0\xaf", b"\xf4\x90\x80\x80",
    ("e" + "\u0301" * 9).encode(), "\u115f".encode(),
]
# These are as good as any, and stay: wide characters, right-to-left letters, few marks.
FAIR = ["漢字", "🙂", "שלום", "e\u0301"]

SEQUENCE = re.compile(
    r"\x1b\[(?P<args>[\d;]*)(?P<final>[ABCDGHJKLMPSTXbdmr@])|\x1b\[(?P<private>\?[\d;]*)[hl]|\x1b\[4l|\x1b\[!p|\x1b\[2[23];0;0t"
    r"|\x1b\([B0]|\x1b\)0|\x1b[=>M78]|\x1b\]52;c;(?P<copy>[A-Za-z0-9+/=]*)\x07|(?P<text>[^\x1b]+)", re.S)
PRIVATE = {"?1", "?3;4", "?7", "?12", "?12;25", "?25", "?1049", "?2004"}
ATTRIBUTES = {"", *map(str, (0, 1, 2, 4, 7, 10, 11, 22, 24, 27, 39, 49, *range(30, 38)))}


def of(text):
    """Mark and piece, as often as a file holds them."""
    return MARK + text


def forbidden():
    """As a set of a regular expression: formats, separators, surrogates, private use, C1, and what shows as nothing."""
    bad = [c for c in map(chr, (*range(0x7F, 0xD800), *range(0xF900, 0x20000), *range(0xE0000, 0xE0200)))
           if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp") or c in "\ufe0f\u115f\u034f"]
    marks = [c for c in map(chr, range(0x300, 0x3000)) if unicodedata.combining(c)]
    return re.compile(f"[\ud800-\uf8ff\U000f0000-\U0010ffff{''.join(map(re.escape, bad))}]|[{''.join(marks)}]{{5}}")


FORBIDDEN = forbidden()


def faults_of_text(text, controls):
    return [f"characters {found!r}" for found in FORBIDDEN.findall(text)[:9]] + [
        f"character {c!r}" for c in set(re.findall("[\x00-\x1f]", text)) - set(controls)]


def faults(raw, controls="\r\n\b\x0e\x0f", sequences=True):
    """What is amiss in bytes written to a terminal. controls: those curses moves by."""
    found = [f"as it was in the file: {piece!r}" for piece in PIECES if of(piece) in raw]
    try:
        text = raw.decode()
    except UnicodeDecodeError as fault:
        return found + [str(fault)]
    at, plain = 0, []
    while at < len(text):
        token = SEQUENCE.match(text, at) if sequences or text[at] != "\x1b" else None
        if not token:
            found.append(f"sequence {text[at:at + 20]!r}")
            at += 1
            continue
        at = token.end()
        if token["private"] and token["private"] not in PRIVATE:
            found.append(f"mode {token[0]!r}")
        if token["final"] == "m" and not set(token["args"].split(";")) <= ATTRIBUTES:
            found.append(f"attributes {token[0]!r}")
        if token["copy"]:
            found += faults_of_text(base64.b64decode(token["copy"]).decode(), "\n\t")
        if token["text"]:
            plain.append(token["text"])
    return found + faults_of_text("".join(plain), controls)
