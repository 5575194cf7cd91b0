"""A fold with the compiled kernel writes the very bytes that one without it writes, in the same order."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.engine.avro.walk_pattern import UnrecognisableError
from streams.orders_enriched import kernel, topics
from tests.unit.streams.orders_enriched.test_convergence import ENTITY, facts


@pytest.mark.parametrize("loops", ["kernel"], indirect=True, scope="module")
@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(data=st.data(), seed=st.integers(0, 2**32))
def test_rows_changelog_and_clock_are_the_same(world: Any, data: st.DataObject, seed: int) -> None:
    """With repeated and amended facts, several payments, poison, crashes and recovery."""
    random = Random(seed)
    kinds = [
        *data.draw(st.lists(st.sampled_from(sorted(ENTITY)), min_size=2, max_size=4, unique=True)),
        topics.ORDER,
    ]
    published = data.draw(st.lists(facts(world, kinds), min_size=6, max_size=30))
    published += random.choices(published, k=len(published) // 4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernel, "KERNEL", None)
        python = world.runtime()
    compiled = world.runtime()
    if kernel.KERNEL is not None:
        assert compiled.fold._compiled is not None
    assert python.fold._compiled is None
    for topic, value in published:
        poison = random.choice((value[:-1], value + b"\0")) if random.random() < 0.05 else None
        key = b"shop:1" if poison or random.random() < 0.02 else None
        for runtime in (python, compiled):
            runtime.publish(topic, poison or value, key=key)
    for _ in range(12):
        topic, count = random.choice(kinds), random.randrange(1, 9)
        for runtime in (python, compiled):
            runtime.broadcast(count) if topic in topics.BROADCAST else runtime.deliver(topic, count)
    for runtime in (python, compiled):
        runtime.run()
    assert compiled.rows == python.rows
    assert list(compiled.changelog.items()) == list(python.changelog.items())
    assert (compiled.clocks, compiled.parked) == (python.clocks, python.parked)


def test_an_event_that_no_program_walks_is_left_to_python(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new field of a rare type makes a worker slower; it does not keep it from starting."""

    def unrecognisable(*_: object) -> list[int]:
        raise UnrecognisableError("a recursive record")

    monkeypatch.setattr(kernel, "item_program", unrecognisable)
    assert world.runtime().fold._compiled is None
