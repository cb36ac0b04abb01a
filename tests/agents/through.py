"""Stands before a real coding agent's program, and spoils what it says as a play wants it.

`through.py PROGRAM PLAYS` writes down how it was started, as the stand-ins do, and passes everything on.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

GARBAGE = b'not json\n{"type": "of_tomorrow", "x": [1]}\n"word"\n\x00\x01\n'


def main(program: str, plays: str, argv: list[str]) -> int:
    starts = Path(os.environ["HOME"], "starts.jsonl")
    number = len(starts.read_text().splitlines()) if starts.exists() else 0
    known = json.loads(Path(plays).read_text())
    fault = known[min(number, len(known) - 1)]["fault"]
    if fault == "only garbage":
        sys.stdin.buffer.readline()
        sys.stdout.buffer.write(GARBAGE * 20)
        note(starts, argv, "")
        return 0
    if fault == "lost":
        for folder in (
            os.environ.get("CLAUDE_CONFIG_DIR", "") + "/projects",
            os.environ.get("CODEX_HOME", "") + "/sessions",
        ):
            shutil.rmtree(folder, ignore_errors=True)
    child = subprocess.Popen([program, *argv], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdin is not None
    assert child.stdout is not None
    first = sys.stdin.buffer.readline()
    rest = b"" if b'"type": "user"' in first else sys.stdin.buffer.read()
    note(starts, argv, (first + rest).decode())
    child.stdin.write(first + rest)
    child.stdin.flush()
    into = child.stdin

    def pass_on() -> None:
        for line in sys.stdin.buffer:
            into.write(line)
            into.flush()
        into.close()

    threading.Thread(target=pass_on, daemon=True).start()
    for line in child.stdout:
        if fault == "garbage":
            sys.stdout.buffer.write(GARBAGE)
        sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()
        if fault == "crash" and (b'"tool_result"' in line or b'"exit_code":0' in line):
            child.kill()
            child.wait()
            os.kill(os.getpid(), 9)
    code = child.wait()
    if fault == "hang":
        subprocess.Popen(["sleep", str(known[0]["sleeps"])], start_new_session=True)
        time.sleep(600)
    return code


def note(starts: Path, argv: list[str], prompt: str) -> None:
    with starts.open("a") as file:
        file.write(json.dumps({"argv": argv, "env": dict(os.environ), "prompt": prompt}) + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
