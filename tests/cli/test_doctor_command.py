"""What `doctor` finds, and what it never shows."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from agents.stages import Play, install
from autopack.config import Settings
from autopack.routing.policy import CodingAgent
from cli.calling import Autopack

POLICY = """\
schema_version: 1
complexity_models:
  low: {{builder: gpt-5, auditor: claude-haiku-5-5}}
  medium: {{builder: gpt-5, auditor: claude-haiku-5-5}}
  high: {{builder: gpt-5, auditor: claude-haiku-5-5}}
providers:
  openai: {{base_url: "{url}/v1"{more}}}
  anthropic: {{base_url: "{url}"}}
"""


class _Refuses(BaseHTTPRequestHandler):
    seen: list[str] = []  # noqa: RUF012  (one server per test module)

    def do_GET(self) -> None:
        self.seen.append(str(self.headers))
        self.send_response(404 if "nowhere" in self.path else 401)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on standard error."""


@pytest.fixture
def server() -> Generator[str]:
    with HTTPServer(("127.0.0.1", 0), _Refuses) as listening:
        thread = Thread(target=listening.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{listening.server_port}"
        listening.shutdown()
        thread.join()


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch, autopack: Autopack) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-very-secret")


def _policy(settings: Settings, url: str, more: str = "") -> None:
    settings.policy_path.write_text(POLICY.format(url=url, more=more))


def _found(autopack: Autopack, name: str) -> list[tuple[str, str]]:
    told = autopack("doctor", "--json").said
    return [(one["grade"], one["said"]) for one in told["findings"] if one["name"] == name]


@pytest.mark.usefixtures("keys")
def test_a_machine_that_has_everything_is_ready(autopack: Autopack, settings: Settings, server: str) -> None:
    from autopack.processes import probe_sandbox

    _policy(settings, server)
    told = autopack("doctor")
    sandboxed = asyncio.run(probe_sandbox()).available
    assert told.code == (0 if sandboxed else 1)
    assert ("Ready to run." in told.out) == sandboxed
    assert "OPENAI_API_KEY is set (gpt-5)" in told.out
    assert f"{server}/v1 answers (HTTP 401)" in told.out
    assert "schema" in told.out


@pytest.mark.usefixtures("keys")
def test_keys_are_named_and_neither_shown_nor_sent(
    autopack: Autopack, settings: Settings, server: str
) -> None:
    _policy(settings, server)
    told = autopack("doctor", "--json")
    assert "sk-very-secret" not in told.out + told.err
    assert _Refuses.seen
    assert not [headers for headers in _Refuses.seen if "secret" in headers or "uthorization" in headers]


def test_a_missing_key_is_named_with_the_models_that_need_it(
    autopack: Autopack, settings: Settings, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _policy(settings, server)
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    told = autopack("doctor", "--json")
    assert (told.code, told.said["ok"]) == (1, False)
    assert _found(autopack, "key") == [
        ("ok", "OPENAI_API_KEY is set (gpt-5)"),
        ("missing", "ANTHROPIC_API_KEY is not set (claude-haiku-5-5)"),
    ]
    assert "Not ready: ANTHROPIC_API_KEY is not set (claude-haiku-5-5)" in autopack("doctor").out


def test_a_key_that_one_complexity_needs_is_missing_too(
    autopack: Autopack, settings: Settings, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hard = "high: {{builder: gpt-5, auditor: gpt-5-mini}}"
    policy = POLICY.replace("claude-haiku-5-5", "gpt-5-mini").replace(
        hard, hard.replace("gpt-5-mini", "claude-haiku-5-5")
    )
    settings.policy_path.write_text(policy.format(url=server, more=""))
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    assert ("missing", "ANTHROPIC_API_KEY is not set (claude-haiku-5-5)") in _found(autopack, "key")


def test_a_key_that_only_a_category_needs_is_a_warning(
    autopack: Autopack, settings: Settings, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = (
        POLICY.replace("claude-haiku-5-5", "gpt-5-mini")
        + "category_models: {{docs: {{builder: claude-haiku-5-5}}}}\n"
    )
    settings.policy_path.write_text(policy.format(url=server, more=""))
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    assert ("warning", "ANTHROPIC_API_KEY is not set (claude-haiku-5-5)") in _found(autopack, "key")


@pytest.mark.usefixtures("keys")
def test_a_run_can_not_work_with_an_address_of_yours_where_nobody_answers(
    autopack: Autopack, settings: Settings
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        _policy(settings, url)
        found = _found(autopack, "server")
    assert [grade for grade, _ in found] == ["missing", "missing"]
    assert found[0][1].startswith(f"{url}/v1 does not answer")


@pytest.mark.usefixtures("keys")
def test_usual_servers_out_of_reach_leave_it_ready_and_are_said(
    autopack: Autopack, monkeypatch: pytest.MonkeyPatch
) -> None:
    from autopack.processes import probe_sandbox

    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    told = autopack("doctor")
    if asyncio.run(probe_sandbox()).available:
        assert told.code == 0
        assert "Ready, but no model server answered" in told.out


@pytest.mark.usefixtures("keys")
def test_an_address_that_knows_no_models_looks_wrong(
    autopack: Autopack, settings: Settings, server: str
) -> None:
    _policy(settings, f"{server}/nowhere")
    (openai, anthropic) = _found(autopack, "server")
    assert openai[0] == anthropic[0] == "warning"
    assert "does not look like an API root (is /v1 missing?)" in openai[1]
    assert "/nowhere/v1/models is not found" in anthropic[1]


@pytest.mark.usefixtures("keys")
def test_a_model_without_a_known_price_may_be_misspelt(
    autopack: Autopack, settings: Settings, server: str
) -> None:
    _policy(settings, server)
    assert _found(autopack, "prices") == []
    settings.policy_path.write_text(POLICY.format(url=server, more="").replace("gpt-5,", "gpt-5-minni,"))
    ((grade, said),) = _found(autopack, "prices")
    assert grade == "warning"
    assert "No price is known for gpt-5-minni" in said


def test_a_broken_models_yaml_is_said_with_its_line(autopack: Autopack, settings: Settings) -> None:
    settings.policy_path.write_text("schema_version: 1\ncomplexity_models: 3\n")
    ((grade, said),) = _found(autopack, "models")
    assert grade == "missing"
    assert "models.yaml:2" in said


def test_a_home_that_can_not_be_written_is_a_finding_and_no_error(
    autopack: Autopack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("AUTOPACK_HOME", str(tmp_path / "file/home"))
    for name in ("HTTPS_PROXY", "https_proxy"):  # the shipped defaults name servers out in the world
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    told = autopack("doctor")
    assert told.code == 1
    assert "can't be written" in " ".join(told.out.split())
    assert "shipped defaults" in told.out


@pytest.mark.usefixtures("keys")
def test_without_git_a_run_can_not_work(
    autopack: Autopack, settings: Settings, server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _policy(settings, server)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert _found(autopack, "git") == [("missing", "not found")]
    (tmp_path / "git").write_text("#!/bin/sh\necho git version 2.20.1\n")
    (tmp_path / "git").chmod(0o755)
    assert _found(autopack, "git") == [("missing", "git version 2.20.1")]


async def test_a_provider_without_base_url_is_asked_at_its_usual_address() -> None:
    from autopack.cli.checkup import usual_address
    from fixtures.refs import openai_model

    assert (await usual_address(openai_model())).startswith("https://api.openai.com/")


def test_coding_agents_are_found_with_their_versions_and_accounts(
    autopack: Autopack,
    settings: Settings,
    server: str,
    keys: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", f"{sys.base_prefix}/bin{os.pathsep}{os.environ['PATH']}")
    for kind in (CodingAgent.CODEX, CodingAgent.CURSOR):
        folder = install(kind, [Play()], tmp_path / kind)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    chains = "fallbacks: {default: [codex/gpt-5.1, claude-code/claude-sonnet-4-5, cursor/gpt-5]}"
    text = POLICY.format(url=server, more="") + f"{chains}\nagent_pools: {{codex: openai}}\n"
    settings.policy_path.write_text(text)
    said = " ".join(autopack("doctor").out.split())
    assert "codex-cli 0.171.0, by OPENAI_API_KEY, counted against openai" in said
    cursor = "2026.11.20-abc (no version of it was tried), by its own login (--call tries it)"
    assert f"{cursor}, counted against cursor" in said
    assert "its caps are advisory" in said
    assert "claude-code is not installed: no claude on PATH" in said


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize(
    ("version", "grade", "compared"),
    [
        ("codex-cli 0.171.0", "ok", ""),
        ("codex-cli 0.171.0-alpha.3", "ok", ""),
        ("codex-cli 0.99.12", "warning", " (tried with 0.171.0; this one is older)"),
        ("codex-cli 0.171.1", "ok", " (tried with 0.171.0; this one is newer)"),
        ("codex-cli 1.0", "ok", " (tried with 0.171.0; this one is newer)"),
        ("codex of tomorrow", "ok", " (tried with 0.171.0)"),
    ],
)
def test_a_coding_agent_in_another_version_than_was_tried_is_said(
    autopack: Autopack,
    settings: Settings,
    server: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    version: str,
    grade: str,
    compared: str,
) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    (tmp_path / "codex").write_text(f"#!/bin/sh\necho 'WARNING: no aliases' >&2; echo '{version}'\n")
    (tmp_path / "codex").chmod(0o755)
    _policy(settings, server)
    settings.policy_path.write_text(
        f"{settings.policy_path.read_text()}fallbacks: {{default: [codex/gpt-5.1]}}\n"
    )
    assert _found(autopack, "codex") == [
        (grade, f"{version}{compared}, by its own login (--call tries it), counted against codex")
    ]
