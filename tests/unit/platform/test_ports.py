"""Ports: the usual one when free, another with a word about it, never one given before."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from mesh.kernel.errors import PlatformError
from mesh.platform.ports import HOST, Ports, hold, is_free


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which another process listens."""
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        yield other.getsockname()[1]


def test_a_taken_port_is_replaced_and_said(taken: int) -> None:
    """One line names the part, the taken port and the one used."""
    lines: list[str] = []
    chosen = Ports(lines.append).usual("broker", taken)
    assert chosen != taken
    assert is_free(chosen)
    assert lines == [f"broker: port {taken} is taken by another process; using {chosen}"]


def test_a_free_port_is_used_silently(taken: int) -> None:
    """No word where there is nothing to say."""
    free = Ports(print).near(taken + 1)
    lines: list[str] = []
    assert Ports(lines.append).usual("broker", free) == free
    assert lines == []


def test_a_chosen_port_is_not_chosen_by_another_mesh() -> None:
    """Nobody listens yet, and still it is taken; until the one who chose it lets go."""
    with Ports(print) as first:
        chosen = first.near(39_600)
        with Ports(print) as second:
            assert second.near(chosen) != chosen
    with Ports(print) as third:
        assert third.near(chosen) == chosen


def test_a_held_port_stays_taken_when_the_chooser_lets_go() -> None:
    """The supervisor takes its share before the chooser ends."""
    with Ports(print) as chooser:
        chosen = chooser.near(39_700)
        held = hold(chosen)
    with Ports(print) as another:
        assert another.near(chosen) != chosen
    held.close()


def test_no_port_is_given_twice() -> None:
    """Two parts never get the same port, though neither listens yet."""
    ports = Ports(print)
    assert ports.near(39_100) != ports.near(39_100)


def test_a_fixed_port_that_is_taken_is_an_error(taken: int) -> None:
    """What the user has fixed is not silently changed."""
    with pytest.raises(PlatformError) as caught:
        Ports(print).fixed("broker", "MESH_KAFKA", f"127.0.0.1:{taken}")
    assert caught.value.code == "port-taken"
    assert "MESH_KAFKA" in str(caught.value)


@pytest.mark.parametrize("address", ["kafka.example.org:9092", "http://10.0.0.1:8081/apis", "127.0.0.1"])
def test_a_part_is_not_started_at_an_address_elsewhere(address: str) -> None:
    """An address of another machine, or without a port, is refused by name."""
    with pytest.raises(PlatformError, match="address-elsewhere"):
        Ports(print).fixed("broker", "MESH_KAFKA", address)


def test_a_fixed_url_gives_its_port() -> None:
    """The port of a URL is found as that of host:port."""
    free = Ports(print).near(39_200)
    assert Ports(print).fixed("registry", "MESH_REGISTRY", f"http://localhost:{free}/apis/ccompat/v7") == free
