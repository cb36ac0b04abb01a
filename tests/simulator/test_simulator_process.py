from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from autopack.simulator import read_log
from simulator.speaking import scenario_of

LIMIT_SECONDS = 30
COMMAND = (sys.executable, "-W", "error", "-m", "autopack.simulator")

CLIENT = """
import json, sys, urllib.request
body = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "slow"}]}
request = urllib.request.Request(sys.argv[1] + "/v1/messages", json.dumps(body).encode())
print("asking", flush=True)
urllib.request.urlopen(request).read()
"""


@contextmanager
def running(*arguments: str | Path) -> Generator[tuple[subprocess.Popen[str], str]]:
    """The process and its URL."""
    with subprocess.Popen(
        [*COMMAND, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


def ask(url: str) -> Any:
    body = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
    request = urllib.request.Request(f"{url}/v1/chat/completions", json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=LIMIT_SECONDS) as response:
        return json.load(response)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_process_prints_its_url_serves_and_ends_when_told(tmp_path: Path, number: signal.Signals) -> None:
    scenario_of(tmp_path, {"text": "Yes."}, when=[])
    log = tmp_path / "log.jsonl"
    with running(tmp_path / "scenario.yaml", "--log", log) as (process, url):
        answer = ask(url)
        assert answer["choices"][0]["message"]["content"] == "Yes."
        assert [entry.response_id for entry in read_log(log)] == [answer["id"]]
        process.send_signal(number)
        output, errors = process.communicate(timeout=LIMIT_SECONDS)
    assert (process.returncode, output, errors) == (0, "", "")


def test_the_server_outlives_a_client_that_is_killed(tmp_path: Path) -> None:
    from autopack.simulator.scenario import Conversation, Scenario, Step

    scenario = Scenario(
        schema_version=1,
        name="killed",
        conversations=(
            Conversation(when=("slow",), steps=(Step(text="Late.", delay_seconds=600),)),
            Conversation(when=(), steps=(Step(text="Yes."),)),
        ),
    )
    file, log = tmp_path / "s.yaml", tmp_path / "log.jsonl"
    file.write_text(scenario.model_dump_json(exclude_defaults=True), encoding="utf-8")
    with running(file, "--log", log) as (_, url):
        with subprocess.Popen(
            [sys.executable, "-c", CLIENT, url], stdout=subprocess.PIPE, text=True
        ) as client:
            assert client.stdout is not None
            assert client.stdout.readline() == "asking\n"
            os.kill(client.pid, signal.SIGKILL)
        answer = ask(url)
        assert answer["choices"][0]["message"]["content"] == "Yes."
        assert [entry.completed for entry in read_log(log) if entry.response_id == answer["id"]] == [True]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["none.yaml"], 2, "none.yaml can't be read: No such file or directory."),
        (["scenario.yaml", "--port", "70000"], 1, "can't listen on 127.0.0.1:70000"),
        (["scenario.yaml", "--log", "none/log.jsonl"], 2, "none/log.jsonl can't be written"),
    ],
)
def test_a_mistake_is_one_line_and_an_exit_code(
    tmp_path: Path, arguments: list[str], code: int, said: str
) -> None:
    scenario_of(tmp_path, {"text": "Yes."}, when=[])
    done = subprocess.run(
        [*COMMAND, *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
