"""Workers that are killed and frozen at any moment: nothing is lost, and every state comes back whole."""

from __future__ import annotations

import threading
import time
from random import Random

import pytest

from tests.e2e.streams.cluster import World

pytestmark = pytest.mark.real

SECONDS = 9.0
RATE = 400  # records a second


def under_load(world: World, seed: int) -> threading.Thread:
    """Publish elements in disorder, a fifth of them twice, and revisions of groups, for some seconds."""
    random = Random(seed)

    def publish() -> None:
        began = time.monotonic()
        number = 0
        while time.monotonic() - began < SECONDS:
            key = f"key{random.randrange(200)}"
            element = f"e{random.randrange(number + 1) if random.random() < 0.2 else number}"
            world.add(key, element, random.choice(("fact", "more")))
            if number % 50 == 0:
                world.revise(str(random.randrange(10)), random.randrange(1, 100))
            number += 1
            time.sleep(max(0.0, number / RATE - (time.monotonic() - began)))
        world.flush()

    thread = threading.Thread(target=publish)
    thread.start()
    return thread


def assert_whole(world: World) -> None:
    """The newest rows are the truth, and so is the state that one fresh worker recovers."""
    world.settle()
    time.sleep(1)  # corrections have no commit to wait for
    assert world.rows() == world.truth()
    world.stop_all()
    world.start_ready(1)
    assert world.recovered_truth() == world.truth()


@pytest.mark.parametrize("seed", [1])
def test_kills_lose_nothing(world: World, seed: int) -> None:
    """kill -9 of two workers in a loop under load."""
    world.create_topics()
    random = Random(seed)
    world.start_ready(1)
    world.start_ready(2)
    load = under_load(world, seed)
    kills = unexpected = 0
    while load.is_alive():
        time.sleep(random.uniform(1.0, 4.0))
        unexpected += world.revive()
        victim = random.choice((1, 2))
        world.kill(victim)
        kills += 1
        time.sleep(random.uniform(0.0, 1.0))
        world.start(victim)
    load.join()
    print(f"seed {seed}: {kills} kills")
    assert unexpected == 0
    assert_whole(world)


@pytest.mark.parametrize("seed", [2])
def test_zombies_spoil_nothing(world: World, seed: int) -> None:
    """Workers frozen for longer than their session, and woken when others own their partitions."""
    world.create_topics()
    random = Random(seed)
    world.start_ready(1)
    world.start_ready(2)
    load = under_load(world, seed)
    while load.is_alive():
        time.sleep(random.uniform(0.5, 1.5))
        victim = random.choice((1, 2))
        world.freeze(victim)
        time.sleep(random.uniform(4.0, 6.0))
        world.wake(victim)
        time.sleep(random.uniform(1.0, 2.0))
    load.join()
    unexpected = world.revive()
    assert unexpected == 0
    assert_whole(world)
