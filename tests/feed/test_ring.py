from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from autopack.feed.ring import Ring

RUNS = st.sampled_from(["run_a", "run_b"])


@given(
    written=st.lists(st.tuples(RUNS, st.integers(1, 30)), max_size=60),
    begin=st.integers(0, 5),
    events=st.integers(1, 12),
    room=st.integers(1, 200),
    size=st.integers(1, 60),
    run_id=st.none() | RUNS,
    data=st.data(),
)
def test_reading_on_and_on_gives_all_that_came_after_an_id_once_and_in_order(
    written: list[tuple[str, int]],
    begin: int,
    events: int,
    room: int,
    size: int,
    run_id: str | None,
    data: st.DataObject,
) -> None:
    ring = Ring(events=events, size=room)
    ring.begin(begin)
    for event_id, (run, length) in enumerate(written, start=begin + 1):
        ring.add(event_id, run, f"{event_id} ".encode().ljust(length))
    head = begin + len(written)
    assert ring.last == head
    assert begin <= ring.floor <= head
    cursor = data.draw(st.integers(ring.floor, head))
    wanted = [
        event_id
        for event_id, (run, _) in enumerate(written, start=begin + 1)
        if event_id > cursor and run_id in (None, run)
    ]
    seen: list[int] = []
    while cursor < head:
        assert ring.covers(cursor)
        told, further = ring.after(cursor, run_id=run_id, size=size)
        assert further > cursor
        assert sum(map(len, told[:-1])) < size
        seen += [int(one) for one in told]
        cursor = further
    assert seen == wanted
    assert ring.after(head, run_id=run_id, size=size) == ([], head)


@given(st.lists(st.integers(1, 400), max_size=200))
def test_a_ring_holds_no_more_than_its_limits_and_a_quarter(lengths: list[int]) -> None:
    ring = Ring(events=20, size=2000)
    for event_id, length in enumerate(lengths, start=1):
        ring.add(event_id, "run_a", b"x" * length)
        told, _ = ring.after(ring.floor, run_id=None, size=10**9)
        assert len(told) == event_id - ring.floor <= 25
        assert sum(map(len, told)) <= 2500


def test_one_event_larger_than_the_ring_is_held_alone() -> None:
    ring = Ring(events=20, size=10)
    for event_id in (1, 2):
        ring.add(event_id, "run_a", b"x" * 100)
    assert ring.covers(1)
    assert not ring.covers(0)


def test_what_came_before_the_beginning_is_not_covered() -> None:
    ring = Ring()
    ring.begin(7)
    assert ring.covers(7)
    assert not ring.covers(6)
