"""Typed keys, and typed moments."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mesh.kernel.errors import SubscribeError
from mesh.subscribe import keys
from mesh.subscribe.since import since
from schemas.wire import partition
from tests.unit.mesh.subscribe.broker import PAYMENTS, port_of

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
CUSTOMERS = "customer.public.customer.v1"


@pytest.mark.parametrize(
    ("typed", "key", "meant"),
    [
        ("aw:1", "aw:1", True),
        ("aw:1", "aw:1@1209513600#3", True),
        ("aw:1", "aw:1#3", True),
        ("aw:1@1209513600", "aw:1@1209513600#3", True),
        ("aw:1", "aw:12", False),
        ("aw:12", "aw:1", False),
    ],
)
def test_a_key_may_be_typed_without_its_revision(typed: str, key: str, *, meant: bool) -> None:
    """Every version of the entity is meant then."""
    assert keys.means(typed, key) is meant


@pytest.mark.parametrize("typed", ["aw:1", "aw:1@1209513600#3"])
def test_the_partition_follows_from_the_key(typed: str) -> None:
    """That of the account, revision or not."""
    assert keys.partition_of(typed, port_of(CUSTOMERS)) == partition(b"aw:1", 4)
    assert keys.partition_of("aw:1", port_of(PAYMENTS)) == partition(b"aw:1", 4)


def test_an_account_may_hold_what_separates_revisions() -> None:
    """Its end is where the revision begins."""
    typed = "shop:ann@x.example"
    assert keys.partition_of(typed, port_of(CUSTOMERS)) == partition(typed.encode(), 4)
    assert keys.partition_of(f"{typed}@5#6", port_of(CUSTOMERS)) == partition(typed.encode(), 4)


def test_a_topic_of_one_partition_has_every_key_there() -> None:
    """Dimensions, for one."""
    assert keys.partition_of("aw:1", port_of("product.public.product.v1")) == 0


def test_an_unknown_key_is_told_with_near_ones() -> None:
    """Revisions are left out unless one was typed."""
    error = keys.unknown("aw:29825", "t", ["aw:29824@1#2", "aw:29824@3#4", "zzz@1#2"])
    assert isinstance(error, SubscribeError)
    assert str(error).endswith("did you mean 'aw:29824'?")
    assert "a key looks like 'zzz'" in str(keys.unknown("aw:29825", "t", ["zzz@1#2"]))
    assert "no record at all" in str(keys.unknown("aw:29825", "t", []))


@pytest.mark.parametrize(
    ("text", "ago"),
    [
        ("45s", timedelta(seconds=45)),
        ("10m", timedelta(minutes=10)),
        ("2h", timedelta(hours=2)),
        ("3d", timedelta(3)),
    ],
)
def test_a_moment_may_be_so_long_ago(text: str, ago: timedelta) -> None:
    """In seconds, minutes, hours or days."""
    assert since(text, NOON) == NOON - ago


def test_a_moment_without_a_zone_is_utc() -> None:
    """Another zone is heeded."""
    assert since("2024-05-01T12:00", datetime.max.replace(tzinfo=UTC)) == NOON
    assert since("2024-05-01T14:00+02:00", NOON) == NOON
    assert since("2024-05-01", NOON) == NOON - timedelta(hours=12)


@pytest.mark.parametrize(
    "text", ["", "10", "m", "10 minutes", "yesterday", "-5m", "25:00", "9999999h", "999999d"]
)
def test_what_is_no_moment_is_refused(text: str) -> None:
    """With the ways to write one."""
    with pytest.raises(SubscribeError, match="since-invalid"):
        since(text, NOON)
