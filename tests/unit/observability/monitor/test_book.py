"""The book of the ledger: it finds every record that is missing, and takes nothing for one that is not."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from mesh.kernel.broker import Place
from observability.monitor.book import Book, Claim, Finding

PLACE = Place("sales.public.order-placed.v1", 0)
DEAD = Place("sales.dead.order-placed.v1", 0)
PAST = 7


class World:
    """One partition: the offsets with a record, those with a row, and the position of the sink."""

    def __init__(self) -> None:
        self.book = Book()
        self.records: set[int] = set()
        self.rows: set[int] = set()
        self.position = 0
        self.letters = self.letters_read = 0

    def round(self) -> int:
        """Look as the ledger's round does; how many records are missing."""
        positions = {PLACE: self.position}
        self.book.open(positions, {PLACE: 0})
        for claims in (self.book.news(positions, 10), self.book.past(PAST)):
            for claim in claims:
                self.book.looked(Finding(claim, tuple(self.gaps(claim))), {DEAD: self.letters})
        for place, gap in self.book.doubtful():
            self.book.shrunk(place, gap, self.gaps(Claim(place, gap.start, gap.end)))
        for _, gap in self.book.in_suspense({DEAD: self.letters_read}):
            gap.missing = len(self.records & set(range(gap.start, gap.end)))
        return self.book.accounts[PLACE].drift

    def gaps(self, claim: Claim) -> list[tuple[int, int]]:
        """The stretches of a claim without a row."""
        return list(stretches(offset for offset in range(claim.start, claim.end) if offset not in self.rows))

    def missing(self) -> int:
        """The truth: records before the sink's position without a row."""
        return len({offset for offset in self.records - self.rows if offset < self.position})

    def verified(self) -> int:
        """The truth: before which offset no record is missing."""
        return min([self.position, *(self.records - self.rows)])


def stretches(offsets: Iterable[int]) -> Iterable[tuple[int, int]]:
    """Runs of numbers as first and one after the last."""
    run: list[int] = []
    for offset in offsets:
        if run and offset != run[-1] + 1:
            yield run[0], run[-1] + 1
            run = []
        run.append(offset)
    if run:
        yield run[0], run[-1] + 1


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("move"), st.integers(0, 30)),
        st.tuples(st.just("land"), st.sets(st.integers(0, 29))),
        st.tuples(st.just("lose"), st.sets(st.integers(0, 29), max_size=2)),
        st.tuples(st.just("look"), st.none()),
    ),
    max_size=12,
)


@given(st.sets(st.integers(0, 29)), STEPS)
def test_after_a_rotation_the_drift_is_the_truth(records: set[int], steps: list[tuple[str, object]]) -> None:
    """Whatever landed late, was lost long ago, or was skipped and read again; holes of the log are none."""
    world = World()
    world.records = records
    for what, value in steps:
        if what == "move":
            world.position = value  # type: ignore[assignment]
        elif what == "land":
            world.rows |= value & records  # type: ignore[operator]
        elif what == "lose":
            world.rows -= value  # type: ignore[operator]
        else:
            world.round()
    for _ in range(2 + 2 * 30 // PAST):
        drift = world.round()
    assert drift == world.missing()
    verified = world.book.accounts[PLACE].verified
    assert not {offset for offset in world.records - world.rows if offset < verified}
    if not drift:
        assert verified == world.position


def test_a_parked_record_is_in_suspense_until_its_dead_letter_has_landed() -> None:
    """Between the two the sink has committed it and no row tells of it."""
    world = World()
    world.records, world.position, world.letters = {0, 1}, 2, 1
    world.rows = {0}
    assert world.round() == 0
    assert world.book.accounts[PLACE].verified == 1
    world.rows, world.letters_read = {0, 1}, 1
    assert world.round() == 0
    assert world.book.accounts[PLACE].verified == 2


def test_later_dead_letters_do_not_keep_a_lost_record_in_suspense() -> None:
    """Only those that were there when the gap was found count, or a flood would hide a loss for ever."""
    world = World()
    world.records, world.position, world.letters = {0}, 1, 5
    world.round()
    world.letters, world.letters_read = 1000, 5
    assert world.round() == 1


def test_a_round_costs_what_is_new() -> None:
    """Of a long past, a bounded stretch."""
    world = World()
    world.rows = world.records = set(range(1000))
    world.position = 1000
    world.round()
    world.position = 1004
    assert world.book.news({PLACE: 1004}, 10) == [Claim(PLACE, 1000, 1004)]
    assert sum(claim.end - claim.start for claim in world.book.past(PAST)) == PAST


def test_what_is_no_longer_kept_is_not_asked_for() -> None:
    """Retention moves the first offset."""
    book = Book()
    book.open({PLACE: 100}, {PLACE: 90})
    assert book.past(50) == [Claim(PLACE, 90, 100)]
