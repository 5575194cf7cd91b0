"""Registers of one golden id, and its favourites."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.customer_360.facets import PRODUCT
from streams.customer_360.golden import Golden, score
from streams.customer_360.numbers import text_bytes

ACCOUNTS = (b"\x02a", b"\x02b")
IDS = ("", "a", "ab", "b", "z" * 70)
STEP = st.tuples(
    st.sampled_from(ACCOUNTS),
    st.none() | st.sampled_from(IDS),  # None: a summary
    st.integers(0, 2),  # membership
    st.integers(0, 3),  # version
    st.none() | st.tuples(st.integers(0, 2), st.integers(-2, 2)),  # units and net, or a departure
)


def favourite_of(golden: Golden) -> bytes | None:
    """The favourite product."""
    top = golden.favourites()[PRODUCT]
    return None if top is None else top[1]


@settings(deadline=None)
@given(st.lists(STEP, max_size=40), st.booleans())
def test_favourites_are_right_after_every_step(steps: list[tuple[object, ...]], asking: bool) -> None:
    """Against a plain search over all registers; whether or not the favourite was asked for in between."""
    golden = Golden()
    summaries: dict[object, tuple[int, int, bool]] = {}
    facets: dict[tuple[object, object], tuple[int, int, tuple[int, int] | None]] = {}
    for account, name, membership, version, share in steps:
        assert isinstance(account, bytes)
        assert isinstance(membership, int)
        assert isinstance(version, int)
        if name is None:
            # One membership is either of this golden id or of another: the even ones are of this one.
            is_member = membership % 2 == 0
            golden.put_summary(account, membership, version, is_member, b"summary")
            if (membership, version) >= summaries.get(account, (-1, -1, False))[:2]:
                summaries[account] = (membership, version, is_member)
        else:
            assert isinstance(name, str)
            facet = PRODUCT + text_bytes(name.encode())
            new = None if share is None else score(*share)  # type: ignore[misc]
            golden.put_facet(account, PRODUCT, facet, membership, version, new)
            if (membership, version) >= facets.get((account, name), (-1, -1, None))[:2]:
                facets[account, name] = (membership, version, share)  # type: ignore[assignment]
        if asking or name is None:
            assert favourite_of(golden) == searched(summaries, facets)
    assert favourite_of(golden) == searched(summaries, facets)


def test_of_equal_registers_the_last_holds() -> None:
    """A register is written again when more is known that its version does not count."""
    golden = Golden()
    golden.put_summary(ACCOUNTS[0], 0, 0, True, b"summary")
    for share, favourite in ((score(1, 1), PRODUCT + b"\x02a"), (None, None)):
        assert golden.put_facet(ACCOUNTS[0], PRODUCT, PRODUCT + b"\x02a", 0, 5, share)
        assert favourite_of(golden) == favourite


def searched(summaries: dict, facets: dict) -> bytes | None:  # type: ignore[type-arg]
    """The favourite by a search over everything."""
    sums: dict[str, list[int]] = {}
    for (account, name), (membership, _, share) in facets.items():
        known, _, is_member = summaries.get(account, (-1, -1, False))
        if is_member and membership == known and share is not None:
            held = sums.setdefault(name, [0, 0])
            held[0] += share[0]
            held[1] += share[1]
    if not sums:
        return None
    best = max(sums.values())
    name = min((name.encode() for name, held in sums.items() if held == best))
    return PRODUCT + text_bytes(name)
