# Over 400 lines because it is one program, which is copied to where no other module of the tests is.
"""A program that stands in for a coding agent: it prints the events that the real one was seen to print.

`standin.py AGENT PLAYS` plays the n-th play at its n-th start, and writes down in its HOME how
it was started.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

SESSION = "0f4c2a5e-0001-4000-8000-000000000001"
STARTS = "starts.jsonl"


class Player:
    """What all of them have in common."""

    def __init__(self, play: dict[str, Any], argv: list[str]) -> None:
        self.play, self.argv = play, argv
        self.interrupted = threading.Event()

    def prompt(self) -> str:
        return sys.stdin.read()

    def emit(self, **event: Any) -> None:
        sys.stdout.write(json.dumps(event) + "\n")
        sys.stdout.flush()

    def begin(self) -> None: ...

    def call(self, number: int, call: dict[str, Any]) -> None: ...

    def end(self) -> int:
        return 0

    def limit(self) -> int:
        return 1

    def auth(self) -> int:
        return 1

    def nothing(self) -> int:
        """A success that is none: no word, no token."""
        return 0

    def interruption(self) -> int:
        return 1

    def complain(self, said: str) -> int:
        sys.stderr.write(said + "\n")
        return 1

    def act(self) -> int:
        fault = self.play.get("fault")
        if fault == "lost":
            return self.lost()
        self.begin()
        if fault in ("limit", "auth", "nothing"):
            return getattr(self, fault)()
        if fault == "only garbage":
            sys.stdout.write("\x00\xff{half\n[1, 2]\n" * 50)
            return 0
        for number, call in enumerate(self.play["calls"]):
            if fault == "garbage":
                sys.stdout.write(
                    'not json\n{"type": "of_tomorrow", "x": [1]}\n{"type": 7}\n"word"\n\x00\x01\n'
                )
            if "shell" in call:
                subprocess.run(["sh", "-c", call["shell"]], check=False, stdout=subprocess.DEVNULL)
            self.call(number, call)
            if fault == "crash":
                os.kill(os.getpid(), 9)
            if fault == "silence":
                subprocess.Popen(["sleep", str(self.play["sleeps"])], start_new_session=True)
                while not self.interrupted.wait(0.05):
                    pass
                return self.interruption()
        if fault == "fails":
            return self.fails()
        while fault == "unreachable" and not self.interrupted.wait(0.05):
            self.fail()
        if fault == "unreachable":
            return self.interruption()
        while fault == "busy" and not self.interrupted.wait(0.05):
            self.tick()
        if fault == "busy":
            return self.interruption()
        code = self.end()
        if fault == "hang":
            sys.stdout.flush()
            subprocess.Popen(["sleep", str(self.play["sleeps"])], start_new_session=True)
            time.sleep(600)
        return code

    def tick(self) -> None: ...

    def fail(self) -> None:
        """A call that failed, and is tried again."""

    def fails(self) -> int:
        """A terminal event that says that it failed, on the way."""
        return 1

    def lost(self) -> int:
        return 1


class Claude(Player):
    def prompt(self) -> str:
        first = json.loads(sys.stdin.readline())

        def listen() -> None:
            for line in sys.stdin:
                if json.loads(line).get("request", {}).get("subtype") == "interrupt":
                    self.interrupted.set()

        threading.Thread(target=listen, daemon=True).start()
        return first["message"]["content"]

    def begin(self) -> None:
        self.took = [0, 0, 0, 0]
        self.emit(type="system", subtype="init", cwd=str(Path.cwd()), session_id=SESSION, tools=["Bash"])
        self.emit(type="system", subtype="status", status="requesting", session_id=SESSION)

    def call(self, number: int, call: dict[str, Any]) -> None:
        plain, output, read, written = call["usage"]
        self.took = [one + other for one, other in zip(self.took, call["usage"], strict=True)]
        usage = {
            "input_tokens": plain,
            "cache_read_input_tokens": read,
            "cache_creation_input_tokens": written,
            "output_tokens": 1,
        }
        message: dict[str, Any] = {
            "id": f"msg_{number}",
            "type": "message",
            "role": "assistant",
            "content": [],
            "usage": usage,
        }
        if call.get("account"):
            self.emit(type="rate_limit_event", rate_limit_info=self.account(call), session_id=SESSION)
        self.stream({"type": "message_start", "message": message})
        content = [
            {"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": {"command": call.get("shell")}}
        ]
        self.emit(type="assistant", message={**message, "content": content}, session_id=SESSION)
        last = number == len(self.play["calls"]) - 1 and self.play.get("ends_turn")
        self.stream(
            {
                "type": "message_delta",
                "delta": {"stop_reason": "end_turn" if last else "tool_use"},
                "usage": {"output_tokens": output},
            }
        )
        self.stream({"type": "message_stop"})

    @staticmethod
    def account(call: dict[str, Any]) -> dict[str, Any]:
        """As 2.1.332 told it of such headers of a login; a call that is charged for is `rejected`, too."""
        used, resets_at, extra = call["account"]
        status = "rejected" if extra else "allowed"
        return {
            "status": status,
            "resetsAt": resets_at,
            "rateLimitType": "five_hour",
            "overageStatus": "allowed",
            "isUsingOverage": extra,
            "unifiedWindows": {
                "five_hour": {"utilization": used, "resetsAt": resets_at, "status": status},
                "seven_day": {"utilization": 0.1, "resetsAt": resets_at + 7200, "status": "allowed"},
            },
        }

    def stream(self, event: dict[str, Any]) -> None:
        self.emit(type="stream_event", event=event, session_id=SESSION, parent_tool_use_id=None)

    def result(self, **told: Any) -> None:
        plain, output, read, written = self.took
        counts = {
            "inputTokens": plain,
            "outputTokens": output,
            "cacheReadInputTokens": read,
            "cacheCreationInputTokens": written,
            "costUSD": 0.1,
        }
        since = {"claude-sonnet-4-5": counts} if any(self.took) else {}
        usage = {"input_tokens": plain, "output_tokens": output, "cache_read_input_tokens": read}
        self.emit(
            **{
                "type": "result", "subtype": "success", "is_error": False, "num_turns": 1,
                "session_id": SESSION,
                "total_cost_usd": 0.1, "usage": usage, "modelUsage": since,
                "model_usage_since_last_result": since, "permission_denials": [], "api_error_status": None,
                "result": "", **told,
            }
        )  # fmt: skip

    def end(self) -> int:
        self.took = [
            one + other for one, other in zip(self.took, self.play.get("aside", [0, 0, 0, 0]), strict=True)
        ]
        answer = self.play.get("answer")
        told = {} if answer is None or "--json-schema" not in self.argv else {"structured_output": answer}
        self.result(result=self.play["text"], **told)
        return 0

    def tick(self) -> None:
        self.emit(type="system", subtype="status", status="requesting", session_id=SESSION)

    def fail(self) -> None:
        self.emit(type="system", subtype="api_retry", attempt=1, error="unknown", error_status=None)

    def limit(self) -> int:
        info = {"status": "rejected", "resetsAt": self.play["resets_at"], "rateLimitType": "five_hour"}
        self.emit(type="rate_limit_event", rate_limit_info=info, session_id=SESSION)
        self.result(is_error=True, result=f"Claude AI usage limit reached|{self.play['resets_at']}")
        return 1

    def auth(self) -> int:
        self.result(is_error=True, api_error_status=401, result="Invalid API key · Please run /login")
        return 1

    def nothing(self) -> int:
        self.result()
        return 0

    def fails(self) -> int:
        self.result(is_error=True, result="stream disconnected before completion")
        return 1

    def interruption(self) -> int:
        self.result(subtype="error_during_execution", is_error=True, result=None)
        return 1

    def lost(self) -> int:
        self.took = [0, 0, 0, 0]
        said = f"No conversation found with session ID: {SESSION}"
        self.result(subtype="error_during_execution", is_error=True, result=None, errors=[said])
        return 1


class Codex(Player):
    def begin(self) -> None:
        folder = Path(os.environ["CODEX_HOME"], "sessions/2026/11/28")
        folder.mkdir(parents=True, exist_ok=True)
        self.record = folder / f"rollout-2026-11-28T06-36-50-{SESSION}.jsonl"
        self.total = [0, 0, 0, 0]
        self.emit(type="thread.started", thread_id=SESSION)
        self.emit(type="turn.started")

    def call(self, number: int, call: dict[str, Any]) -> None:
        plain, output, read, written = call["usage"]
        self.total = [one + other for one, other in zip(self.total, call["usage"], strict=True)]
        usage = {
            "input_tokens": plain + read + written,
            "cached_input_tokens": read,
            "cache_write_input_tokens": written,
            "output_tokens": output,
            "reasoning_output_tokens": 0,
        }
        last = number == len(self.play["calls"]) - 1 and self.play.get("ends_turn")
        said = (
            {"type": "message", "role": "assistant"} if last else {"type": "function_call", "name": "shell"}
        )
        payload = {"thread_id": SESSION, "response_id": f"resp_{number}", "usage": usage}
        with self.record.open("a") as file:
            for kind, told in (
                ("response_item", said),
                ("token_usage_record", payload),
                ("event_msg", self.count(call)),
            ):
                file.write(json.dumps({"type": kind, "payload": told}) + "\n")
        item = {"id": "item_1", "type": "command_execution", "command": call.get("shell"), "exit_code": 0}
        self.emit(type="item.completed", item=item)

    @staticmethod
    def count(call: dict[str, Any]) -> dict[str, Any]:
        """As 0.171.0 wrote it of such headers of a login."""
        if not call.get("account"):
            return {"type": "token_count", "info": {}, "rate_limits": None}
        used, resets_at, extra = call["account"]
        windows = {
            "primary": {"used_percent": used * 100, "window_minutes": 300, "resets_at": resets_at},
            "secondary": {"used_percent": 10.0, "window_minutes": 10080, "resets_at": resets_at + 7200},
        }
        credits = {"has_credits": True, "unlimited": False, "balance": "12.5"} if extra else None
        limits = {"limit_id": "codex", "limit_name": None, **windows, "credits": credits}
        return {"type": "token_count", "info": {"total_token_usage": {}}, "rate_limits": limits}

    def end(self) -> int:
        text = self.play["text"] if self.play.get("answer") is None else json.dumps(self.play["answer"])
        self.emit(type="item.completed", item={"id": "item_3", "type": "agent_message", "text": text})
        plain, output, read, written = self.total
        counts = {
            "input_tokens": plain + read + written,
            "cached_input_tokens": read,
            "output_tokens": output,
        }
        self.emit(type="turn.completed", usage=counts)
        return 0

    def tick(self) -> None:
        self.emit(type="item.started", item={"id": "item_9", "type": "reasoning", "text": "Hm."})

    def fail(self) -> None:
        self.emit(type="error", message="Reconnecting... waiting for network (Connection failed)")

    def failed(self, message: str) -> int:
        self.emit(type="error", message=message)
        self.emit(type="turn.failed", error={"message": message})
        return 1

    def fails(self) -> int:
        return self.failed("stream disconnected before completion")

    def limit(self) -> int:
        return self.failed(
            "You\u2019ve hit your usage limit. Upgrade to Pro or try again in 2 hours 5 minutes."
        )

    def auth(self) -> int:
        return self.failed(
            "unexpected status 401 Unauthorized: Missing bearer or basic authentication in header"
        )

    def nothing(self) -> int:
        self.emit(
            type="turn.completed", usage={"input_tokens": 0, "cached_input_tokens": 0, "output_tokens": 0}
        )
        return 0

    def lost(self) -> int:
        said = f"thread/resume failed: no rollout found for thread id {SESSION} (code -32600)"
        return self.complain(f"Error: thread/resume: {said}")


class Cursor(Player):
    def prompt(self) -> str:
        return self.argv[-1]

    def begin(self) -> None:
        self.took = [0, 0, 0, 0]
        self.emit(type="system", subtype="init", session_id=SESSION, model="GPT-5", permissionMode="default")
        self.emit(type="user", message={"role": "user", "content": []}, session_id=SESSION)

    def call(self, number: int, call: dict[str, Any]) -> None:
        self.took = [one + other for one, other in zip(self.took, call["usage"], strict=True)]
        told = {"shellToolCall": {"args": {"command": call.get("shell")}}}
        common = {"call_id": f"tool_{number}", "session_id": SESSION, "tool_call": told}
        self.emit(type="tool_call", subtype="started", **common)
        self.emit(type="tool_call", subtype="completed", **common)

    def end(self) -> int:
        text = self.play["text"] if self.play.get("answer") is None else json.dumps(self.play["answer"])
        plain, output, read, written = self.took
        counts = {
            "inputTokens": plain,
            "outputTokens": output,
            "cacheReadTokens": read,
            "cacheWriteTokens": written,
        }
        told = {} if self.play.get("fault") == "no usage" else {"usage": counts}
        self.emit(
            type="result",
            subtype="success",
            is_error=False,
            duration_ms=1,
            result=text,
            session_id=SESSION,
            **told,
        )
        return 0

    def tick(self) -> None:
        self.emit(type="thinking", subtype="delta", text="Hm.", session_id=SESSION)

    def limit(self) -> int:
        return self.complain("You've hit your usage limit. Try again in 2 hours 5 minutes.")

    def auth(self) -> int:
        return self.complain("Error: Authentication required. Please run 'cursor-agent login'.")

    def nothing(self) -> int:
        self.emit(type="result", subtype="success", is_error=False, result="", session_id=SESSION)
        return 0

    def lost(self) -> int:
        return self.complain(f"Error: chat {SESSION} not found")


def main(agent: str, plays: str, argv: list[str]) -> int:
    if "--version" in argv:
        version = {"claude-code": "2.1.332 (Claude Code)", "codex": "codex-cli 0.171.0"}
        sys.stdout.write(version.get(agent, "2026.11.20-abc") + "\n")
        return 0
    starts = Path(os.environ["HOME"], STARTS)
    number = len(starts.read_text().splitlines()) if starts.exists() else 0
    known = json.loads(Path(plays).read_text())
    player = {"claude-code": Claude, "codex": Codex, "cursor": Cursor}[agent](
        known[min(number, len(known) - 1)], argv
    )
    started = {"argv": argv, "env": dict(os.environ), "prompt": player.prompt()}
    with starts.open("a") as file:
        file.write(json.dumps(started) + "\n")
    return player.act()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
