# Over 400 lines because what every agent has to do belongs on one list.
"""What every way of calling a model has to do, also where the other side misbehaves."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from agents.conversing import KEY, Books, Finding, Notes
from agents.stages import REAL, STANDINS, Call, Play, Stage, lasting, sleeping, stage
from autopack.agents.base import Access, AgentGaveUp, Keep, ProviderRefused, ProviderUnreachable
from autopack.agents.patience import Patience
from autopack.errors import AutopackError, Fenced
from autopack.processes import Confinement, probe_sandbox
from autopack.routing.quota import QuotaBusy, QuotaReached
from autopack.usage.schemas import TokenUsage
from autopack.workspace import Workspace
from fixtures.world import new_repository

PATIENCE = Patience(
    connect_seconds=2,
    read_seconds=1,
    request_seconds=20,
    silence_seconds=20,
    program_seconds=30,
    retries=1,
    backoff_seconds=0.01,
)
PROGRAMS = pytest.mark.parametrize("name", STANDINS)
EVERY = pytest.mark.parametrize("name", ["api", *STANDINS])
played_only = pytest.mark.skipif(bool(REAL), reason="a real program can't be made to do this")
Open: TypeAlias = Callable[..., AbstractAsyncContextManager[Stage]]


@pytest.fixture
async def workspace(tmp_path: Path) -> Workspace:
    from autopack.artifacts import ArtifactStore

    source = new_repository(tmp_path / "source", {"kept.txt": "as it was\n"})
    made = Workspace(tmp_path / "workspaces/run_1", source, "run_1", ArtifactStore(tmp_path / "artifacts"))
    await made.create()
    return made


@pytest.fixture
async def confinement() -> Confinement:
    probe = await probe_sandbox()
    if not probe.available:
        pytest.skip(probe.detail)
    return Confinement.BUBBLEWRAP


@pytest.fixture
def opened(workspace: Workspace, confinement: Confinement, tmp_path: Path) -> Open:
    def open_stage(
        name: str, *plays: Play, patience: Patience = PATIENCE
    ) -> AbstractAsyncContextManager[Stage]:
        folder = tmp_path / "machine"
        (folder / "user").mkdir(parents=True)
        return stage(name, workspace, confinement, *plays, patience=patience, folder=folder)

    return open_stage


@EVERY
async def test_builds_in_the_checkout(name: str, opened: Open) -> None:
    books, notes = Books(), Notes()
    async with opened(name, Play()) as here:
        result = await here.agent.run(here.task(str), meter=books, watch=notes)
    assert result.output == "Made it."
    assert (here.workspace.build / "made.txt").read_text() == "hi\n"
    assert not books.open
    assert result.usage == books.spent
    assert any("made.txt" in activity or "shell" in activity for activity in notes.activities)


@EVERY
async def test_audits_read_only_with_a_typed_answer(name: str, opened: Open) -> None:
    books = Books()
    play = Play(calls=(), answer={"colour": "green", "count": 3}, text="")
    async with opened(name, play) as here:
        result = await here.agent.run(here.task(Finding, access=Access.READ), meter=books, watch=Notes())
    assert result.output == Finding(colour="green", count=3)
    assert not books.open


@EVERY
async def test_an_answer_that_does_not_fit_is_given_again(name: str, opened: Open) -> None:
    books = Books()
    wrong = Play(calls=(), answer={"colour": "green", "count": "many"}, text="")
    right = Play(calls=(), answer={"colour": "green", "count": 3}, text="")
    async with opened(name, wrong, right) as here:
        result = await here.agent.run(here.task(Finding, access=Access.READ), meter=books, watch=Notes())
    assert result.output.count == 3
    if name != "api" and not (REAL and name == "claude-code"):  # that one has it mended by itself
        assert "count" in here.starts[1]["prompt"]


@PROGRAMS
async def test_an_answer_that_never_fits_is_a_failed_attempt(name: str, opened: Open) -> None:
    play = Play(calls=(), answer={"colour": "green"}, text="")
    async with opened(name, play) as here:
        with pytest.raises(AgentGaveUp, match="count"):
            await here.agent.run(here.task(Finding, access=Access.READ), meter=Books(), watch=Notes())


@EVERY
async def test_counts_each_call_with_what_came_from_the_cache(name: str, opened: Open) -> None:
    books = Books()
    first, second = (
        Call(shell="echo 1", usage=(100, 20, 3000, 0)),
        Call(shell="echo 2", usage=(7, 5, 3100, 0)),
    )
    async with opened(name, Play(calls=(first, second))) as here:
        await here.agent.run(here.task(str), meter=books, watch=Notes())
    settled = [usage for usage, _ in books.settled.values()]
    if name == "cursor":  # it tells at its end only
        assert settled == [first.tokens + second.tokens]
    else:
        assert [(one.input_tokens, one.cache_read_tokens, one.output_tokens) for one in settled[:2]] == [
            (3100, 3000, 20),
            (3107, 3100, 5),
        ]
    assert not books.open
    assert not books.lost


@played_only
async def test_calls_that_only_the_end_tells_of_are_counted(opened: Open) -> None:
    books, call = Books(), Call(shell="echo 1")
    async with opened("claude-code", Play(calls=(call,), aside=(40, 2, 0, 0))) as here:
        await here.agent.run(here.task(str), meter=books, watch=Notes())
    assert books.spent == call.tokens + TokenUsage(input_tokens=40, output_tokens=2)


@played_only
async def test_usage_that_is_not_told_is_unknown(opened: Open) -> None:
    books = Books()
    async with opened("cursor", Play(fault="no usage")) as here:
        await here.agent.run(here.task(str), meter=books, watch=Notes())
    assert list(books.lost.values()) == ["it reported no usage"]


@PROGRAMS
async def test_goes_on_with_its_conversation_after_a_crash_of_ours(name: str, opened: Open) -> None:
    books, notes = Books(), Notes()
    async with opened(name, Play(fault="silence"), Play(calls=(), text="Went on.")) as here:
        await cancelled(here, books, notes)
        result = await here.agent.run(
            here.task(str, history=notes.transcripts[-1]), meter=books, watch=Notes()
        )
    assert result.output == "Went on."
    first, second = here.starts
    assert not resumes(first)
    assert resumes(second)
    assert "Phase: store" in first["prompt"]
    assert "You were interrupted" in second["prompt"]
    assert "Phase: store" not in second["prompt"]


def resumes(start: dict[str, Any]) -> bool:
    return "--resume" in start["argv"] or "resume" in start["argv"]


@PROGRAMS
async def test_a_conversation_that_is_gone_is_begun_anew(name: str, opened: Open) -> None:
    books, notes = Books(), Notes()
    async with opened(name, Play(), Play(fault="lost"), Play(text="Anew.")) as here:
        await here.agent.run(here.task(str), meter=books, watch=notes)
        result = await here.agent.run(here.task(str, history=notes.transcripts[-1]), meter=books, watch=notes)
    assert result.output == "Anew."
    assert not resumes(here.starts[2])
    assert "Phase: store" in here.starts[2]["prompt"]
    assert notes.begun == 2
    assert not books.open


async def cancelled(here: Stage, books: Books, notes: Notes) -> None:
    """Run it until its first call is in and something sleeps, then cancel it."""
    running = asyncio.ensure_future(here.agent.run(here.task(str), meter=books, watch=notes))
    await until(lambda: bool(sleeping()) or running.done())
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def until(condition: Callable[[], bool], *, seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came about"
        await asyncio.sleep(0.02)


@EVERY
async def test_cancelled_it_leaves_no_process_and_no_open_call(name: str, opened: Open) -> None:
    books, notes = Books(), Notes()
    play = Play(fault="silence")
    if name == "api":
        play = Play(calls=(Call(shell=lasting()),))
    async with opened(name, play) as here:
        await cancelled(here, books, notes)
    assert sleeping() == []
    assert not books.open
    if name == "claude-code":  # it told what it took when it was interrupted
        assert not books.lost


@EVERY
async def test_takes_no_longer_than_it_may(name: str, opened: Open) -> None:
    books = Books()
    patience = Patience(read_seconds=0.5, request_seconds=1, program_seconds=1.5, retries=0)
    async with opened(name, Play(fault="busy"), patience=patience) as here:
        with pytest.raises(AutopackError, match=here.model.name):
            await ends(here.agent.run(here.task(str), meter=books, watch=Notes()))
    assert not books.open


@EVERY
async def test_silence_is_not_waited_for_for_ever(name: str, opened: Open) -> None:
    books = Books()
    patience = Patience(read_seconds=0.5, silence_seconds=1.5, retries=0)
    async with opened(name, Play(fault="silence"), patience=patience) as here:
        with pytest.raises(ProviderUnreachable, match=r"silent|said nothing"):
            await ends(here.agent.run(here.task(str), meter=books, watch=Notes()))
    assert sleeping() == []
    assert not books.open


async def ends(work: Coroutine[Any, Any, Any]) -> Any:
    async with asyncio.timeout(30):
        return await work


@EVERY
async def test_a_limit_is_a_rest_until_the_time_it_names(name: str, opened: Open) -> None:
    books = Books()
    async with opened(name, Play(fault="limit")) as here:
        with pytest.raises(ProviderUnreachable) as refused:
            await here.agent.run(here.task(str), meter=books, watch=Notes())
    ((seconds, _, whole),) = books.cooldowns
    if REAL and name == "codex":  # it says nothing but the status of an answer of this kind
        assert seconds <= 900
    else:
        assert 7_300 < seconds <= 7_500
    assert refused.value.until is not None
    assert whole or name == "api"
    assert not books.open
    assert not books.settled
    assert not books.lost


@played_only
@PROGRAMS
async def test_a_limit_that_looks_like_success_is_found(name: str, opened: Open) -> None:
    books = Books()
    async with opened(name, Play(fault="nothing")) as here:
        with pytest.raises(ProviderUnreachable, match="limit"):
            await here.agent.run(here.task(str), meter=books, watch=Notes())
    assert len(books.cooldowns) == 1
    assert not books.open


TELLING = pytest.mark.parametrize("name", [one for one in STANDINS if one != "cursor"])
"""Agents that pass on what the account says of itself."""


@played_only
@TELLING
async def test_what_the_account_says_of_its_windows_is_passed_on(name: str, opened: Open) -> None:
    books, reset = Books(), int(time.time()) + 7_500
    play = Play(calls=(Call(shell="true", account=(0.42, reset, False)),) * 2)
    async with opened(name, play) as here:
        await here.agent.run(here.task(str), meter=books, watch=Notes())
    (said,) = books.account  # what it says again is no news
    assert not said.extra
    assert [(one.length, round(one.used, 3), one.resets_at.timestamp()) for one in said.windows] == [
        (timedelta(hours=5), 0.42, reset),
        (timedelta(days=7), 0.1, reset + 7_200),
    ]


@played_only
@TELLING
@pytest.mark.parametrize("wanted", [False, True])
async def test_an_account_that_charges_for_more_is_left_at_once(
    name: str, wanted: bool, opened: Open
) -> None:
    books, notes, reset = Books(extra_usage=wanted), Notes(), int(time.time()) + 7_500
    play = Play(calls=(Call(shell="true", account=(1.0, reset, True)), Call(shell="echo hi > more.txt")))
    quiet = replace(play, fault="silence", calls=play.calls[:1])
    async with opened(name, play if wanted else quiet) as here:
        work = here.agent.run(here.task(str), meter=books, watch=notes)
        if wanted:
            assert (await work).output == "Made it."
        else:
            with pytest.raises(ProviderUnreachable, match="charges for more") as refused:
                await ends(work)
            assert "extra_usage: true" in refused.value.hint
            ((seconds, _, whole),) = books.cooldowns
            assert 7_300 < seconds <= 7_500
            assert whole
    assert sleeping() == []
    assert not books.open
    assert books.account[-1].extra
    assert books.spent.total >= play.calls[0].tokens.total  # what it charged for is booked
    assert notes.transcripts  # it is gone on with later


@played_only
@PROGRAMS
async def test_a_limit_whose_time_is_past_here_is_a_rest_all_the_same(name: str, opened: Open) -> None:
    """Clocks differ: a rest of no time would begin it again and again."""
    books, past = Books(), int(time.time()) - 120
    charged = Play(calls=(Call(shell="true", account=(1.0, past, True)),), fault="silence")
    async with opened(name, Play(fault="limit", resets_at=past) if name == "cursor" else charged) as here:
        with pytest.raises(ProviderUnreachable):
            await ends(here.agent.run(here.task(str), meter=books, watch=Notes()))
    ((seconds, _, _),) = books.cooldowns
    assert seconds > 600


class Tight(Books):
    """Room for two calls, then a cap is reached."""

    async def reserve(self, *, bound: TokenUsage) -> str:
        if len(self.bounds) >= 2:
            raise QuotaReached("The cap is reached.")
        return await super().reserve(bound=bound)


@played_only
@PROGRAMS
async def test_work_whose_last_call_filled_the_quota_is_not_thrown_away(name: str, opened: Open) -> None:
    books = Tight()
    play = Play(calls=(Call(shell="echo hi > made.txt"), Call(shell="true")), ends_turn=True)
    async with opened(name, play) as here:
        assert (await ends(here.agent.run(here.task(str), meter=books, watch=Notes()))).output == "Made it."
    assert not books.open


@played_only
async def test_a_name_of_a_conversation_that_can_be_none_hangs_nothing(opened: Open) -> None:
    forged = """echo '{"type":"thread.started","thread_id":"**"}' > /proc/$PPID/fd/1"""
    async with opened("codex", Play(calls=(Call(shell=forged), Call(shell="true")))) as here:
        assert (await ends(here.agent.run(here.task(str), meter=Books(), watch=Notes()))).output == "Made it."


@played_only
@TELLING
async def test_calls_that_fail_for_ever_are_not_waited_for(name: str, opened: Open) -> None:
    """Codex goes on trying where there is no network, and says so: that is no sign of work."""
    books, notes = Books(), Notes()
    patience = Patience(failing_seconds=0.5, retries=1, backoff_seconds=0.01)
    async with opened(name, Play(fault="unreachable"), patience=patience) as here:
        with pytest.raises(ProviderUnreachable, match="2 starts: its calls failed for"):
            await ends(here.agent.run(here.task(str), meter=books, watch=notes))
    assert not books.open
    assert any("waiting for the model's server" in one for one in notes.activities)


@EVERY
async def test_a_login_that_is_not_accepted_is_said(name: str, opened: Open) -> None:
    books = Books()
    async with opened(name, Play(fault="auth")) as here:
        with pytest.raises(ProviderRefused) as refused:
            await here.agent.run(here.task(str), meter=books, watch=Notes())
    assert "key" in refused.value.hint or "log in" in refused.value.hint
    assert not books.open
    assert not books.lost


@EVERY
async def test_a_crash_midway_is_gone_on_from(name: str, opened: Open) -> None:
    books, notes = Books(), Notes()
    async with opened(name, Play(fault="crash"), Play(text="Done after all.")) as here:
        result = await here.agent.run(here.task(str), meter=books, watch=notes)
    assert result.output == "Done after all."
    assert len(notes.retries) == 1
    assert not books.open
    assert books.lost  # a call was under way, and nobody says what it took
    if name != "api":
        assert resumes(here.starts[1])


@EVERY
async def test_garbage_in_between_is_passed_over(name: str, opened: Open) -> None:
    books = Books()
    async with opened(name, Play(fault="garbage")) as here:
        result = await here.agent.run(here.task(str), meter=books, watch=Notes())
    assert result.output == "Made it."
    assert not books.open


@EVERY
async def test_nothing_but_garbage_is_no_success(name: str, opened: Open) -> None:
    books = Books()
    async with opened(name, Play(fault="only garbage")) as here:
        with pytest.raises(ProviderUnreachable):
            await here.agent.run(here.task(str), meter=books, watch=Notes())
    assert not books.open


@PROGRAMS
async def test_a_hang_after_the_result_is_ended(name: str, opened: Open) -> None:
    books = Books()
    async with opened(name, Play(fault="hang")) as here:
        result = await ends(here.agent.run(here.task(str), meter=books, watch=Notes()))
    assert result.output == "Made it."
    assert sleeping() == []
    assert not books.open


@EVERY
async def test_nothing_outside_the_checkout_is_written(name: str, opened: Open) -> None:
    places = ("../outside.txt", "../verify/kept.txt", "../repo.git/HEAD", "/outside.txt")
    out = "; ".join(f"echo x > {place}" for place in places)
    async with opened(name, Play(calls=(Call(shell=out),))) as here:
        await here.agent.run(here.task(str), meter=Books(), watch=Notes())
        root = here.workspace.root
    assert not (root / "outside.txt").exists()
    assert not Path("/outside.txt").exists()
    assert not (root / "verify/kept.txt").exists() or (root / "verify/kept.txt").read_text() == "as it was\n"
    assert (root / "repo.git/HEAD").read_text() != "x\n"


@PROGRAMS
async def test_an_auditor_can_write_nothing(name: str, opened: Open) -> None:
    if REAL and name == "claude-code":
        pytest.skip("it is offered no tool that could")
    play = Play(calls=(Call(shell="echo x > new.txt"),), answer={"colour": "red", "count": 1})
    async with opened(name, play) as here:
        await here.agent.run(here.task(Finding, access=Access.READ), meter=Books(), watch=Notes())
    assert not (here.workspace.verify / "new.txt").exists()


class Full(Books):
    """A quota with room for so many calls."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room = room

    async def reserve(self, *, bound: TokenUsage) -> str:
        if len(self.bounds) >= self.room:
            raise QuotaReached("The quota is used up.", hint="Wait.", until=None)
        return await super().reserve(bound=bound)


@pytest.mark.parametrize("name", ["claude-code", "codex"])
async def test_a_quota_reached_midway_interrupts_it_and_keeps_its_work(name: str, opened: Open) -> None:
    books, notes = Full(1), Notes()
    async with opened(name, Play(fault="busy")) as here:
        with pytest.raises(QuotaReached):
            await ends(here.agent.run(here.task(str), meter=books, watch=notes))
    assert REAL or (here.workspace.build / "made.txt").exists()
    assert notes.transcripts
    assert not books.open
    assert books.spent.total == Call(shell="").tokens.total


@pytest.mark.parametrize("name", ["claude-code", "codex"])
async def test_more_calls_than_it_may_make_are_a_failed_attempt(name: str, opened: Open) -> None:
    books = Books()
    calls = tuple(Call(shell=f"echo {number}") for number in range(3))
    async with opened(name, Play(calls=calls, fault="busy")) as here:
        with pytest.raises(AgentGaveUp, match="2 calls"):
            await ends(here.agent.run(here.task(str, most=2), meter=books, watch=Notes()))
    assert not books.open


@PROGRAMS
async def test_it_gets_only_what_it_needs(name: str, opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(name, Play()) as here:
        await here.agent.run(here.task(str), meter=Books(), watch=Notes())
    (started,) = here.starts
    names = set(started["env"]) - {"PATH", "HOME", "LANG", "TERM", "TMPDIR", "PWD", "LC_CTYPE", "SHLVL", "_"}
    assert {one for one in names if "KEY" in one or "TOKEN" in one} <= {
        "ANTHROPIC_API_KEY",
        "AUTOPACK_CODEX_KEY",
        "CURSOR_API_KEY",
        "CLAUDE_CODE_MAX_OUTPUT_TOKENS",
    }
    assert not any(one.startswith(("AUTOPACK_HOME", "PYTEST", "CLAUDECODE")) for one in names)


@pytest.mark.skipif(not REAL, reason="is about what a real program hands on")
async def test_codexs_commands_do_not_get_its_key(opened: Open) -> None:
    async with opened("codex", Play(calls=(Call(shell="env > env.txt"),))) as here:
        await here.agent.run(here.task(str), meter=Books(), watch=Notes())
    said = (here.workspace.build / "env.txt").read_text()
    assert "PATH=" in said
    assert KEY not in said


class Failing(Books):
    """Books that fail to settle at first, as where a run was taken over."""

    def __init__(self) -> None:
        super().__init__()
        self.failed = 0

    async def settle(
        self, call_id: str, *, usage: TokenUsage, response_id: str | None, keep: Keep | None = None
    ) -> None:
        if keep is not None:
            self.failed += 1
            raise Fenced("It was taken over.")
        await super().settle(call_id, usage=usage, response_id=response_id)


@played_only
@pytest.mark.parametrize("name", ["claude-code", "codex"])
async def test_where_its_work_can_t_be_kept_it_is_ended_and_paid_for_all_the_same(
    name: str, opened: Open
) -> None:
    books = Failing()
    async with opened(name, Play(fault="silence")) as here:
        with pytest.raises(Fenced):
            await ends(here.agent.run(here.task(str), meter=books, watch=Notes()))
    assert sleeping() == []
    assert books.failed
    assert books.spent.total == Call(shell="").tokens.total
    assert not books.open


@played_only
async def test_whatever_fails_while_it_is_interrupted_it_has_ended(opened: Open) -> None:
    """The interrupted program tells of one more call, and that can't be booked."""

    class Fails(Full):
        async def settle(
            self, call_id: str, *, usage: TokenUsage, response_id: str | None, keep: Keep | None = None
        ) -> None:
            if call_id not in self.bounds or self.settled:
                raise Fenced("It was taken over.")
            await super().settle(call_id, usage=usage, response_id=response_id, keep=keep)

    play = Play(calls=(Call(shell="echo 1"), Call(shell="echo 2")), fault="hang")
    async with opened("claude-code", play) as here:
        with pytest.raises((Fenced, QuotaReached)):
            await ends(here.agent.run(here.task(str), meter=Fails(1), watch=Notes()))
    assert sleeping() == []


@played_only
@pytest.mark.parametrize("name", ["claude-code", "codex"])
async def test_what_was_written_is_kept_where_it_ends_with_a_failure(name: str, opened: Open) -> None:
    books, notes = Books(), Notes()
    patience = replace(PATIENCE, retries=0)
    async with opened(name, Play(fault="fails"), patience=patience) as here:
        with pytest.raises(ProviderUnreachable):
            await here.agent.run(here.task(str), meter=books, watch=notes)
    assert notes.kept_after >= 1
    assert not books.open


@played_only
async def test_after_its_last_call_none_is_reserved(opened: Open) -> None:
    """A conversation that is over at the cap is not thrown away."""
    books = Full(1)
    async with opened("claude-code", Play(ends_turn=True, aside=(40, 2, 0, 0))) as here:
        result = await here.agent.run(here.task(str, most=1), meter=books, watch=Notes())
    assert result.output == "Made it."
    assert books.spent.total == Call(shell="").tokens.total + 42
    assert not books.open


class Busy(Full):
    """A quota that others fill for a while after each call."""

    async def reserve(self, *, bound: TokenUsage) -> str:
        if len(self.bounds) >= self.room:
            self.room += 1
            raise QuotaBusy("Others are at it.", hint="")
        return await Books.reserve(self, bound=bound)


@played_only
@pytest.mark.parametrize("name", ["claude-code", "codex"])
async def test_while_others_fill_the_quota_it_is_stopped_and_waits(name: str, opened: Open) -> None:
    books = Busy(1)
    async with opened(name, Play(fault="busy"), Play(calls=(), text="Went on.")) as here:
        result = await ends(here.agent.run(here.task(str), meter=books, watch=Notes()))
    assert result.output == "Went on."
    assert [resumes(start) for start in here.starts] == [False, True]
    assert not books.open
