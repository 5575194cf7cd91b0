"""Plans: each key as a whole, in order, and again and again until nothing waits."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from mesh.dead_letters.mending import Mended
from mesh.dead_letters.parked import Parked, Place, State, parked_records
from mesh.dead_letters.plan import Action, Lot, Planner, held_keys
from mesh.dead_letters.topic_log import SourceRecord
from mesh.kernel.contract import Port
from mesh.kernel.discovery import find_mesh
from mesh.kernel.holding import REDRIVE, REDRIVE_OF, RELEASE
from mesh.kernel.settings import Settings
from tests.unit.mesh.test_holding import PLACE, TOPIC, A, B, Consumer, Record

PORTS = find_mesh(Settings(home="nowhere")).ports


def judge(_: Port, key: bytes | None, value: bytes | None) -> tuple[str, str] | None:
    """Today's rules: only ``bad`` is."""
    return ("undecodable", "it is bad") if value in (None, b"bad") or key is None else None


def mend(_: Port, place: Place, value: bytes | None) -> Mended:
    """The edit: ``mended``, under the key A unless it was a B."""
    return Mended(B if place.offset % 2 else A, PLACE, b"mended", ("amount",))


class Topic:
    """One partition, a consumer of it, and redrives."""

    def __init__(self, records: Sequence[Record]) -> None:
        self.records = list(records)
        self.consumer = Consumer(self.records)
        self.consumer.read(len(self.records))

    def arrive(self, *records: Record) -> None:
        """New records, which the consumer reads."""
        self.records += records
        self.consumer.read(len(self.records))

    def parked(self) -> list[Parked]:
        """What is parked."""
        return parked_records(self.consumer.dead, PORTS, {})

    def plan(self, planner: Planner) -> list[Lot]:
        """The lots of all held keys."""
        log = [SourceRecord(PLACE, n, 0, *record) for n, record in enumerate(self.records)]
        lots = []
        for held, waiting in held_keys(self.parked()).items():
            first = waiting[0].place.offset
            lot = planner.held(
                held, waiting, [one for one in log if one.offset >= first and one.key == held.key]
            )
            lots += [lot] if lot is not None else []
        return lots

    def publish(self, lots: Sequence[Lot], *, until: int | None = None) -> None:
        """What a redrive writes; ``until``: it dies after so many records."""
        made: list[Record] = []
        for lot in lots:
            for step in lot.moving:
                if step.action is Action.PUBLISH:
                    of = b"%d@%d" % (step.place.partition, step.place.offset)
                    made.append(Record(step.key, step.value, ((REDRIVE, b"r"), (REDRIVE_OF, of))))
        made += [
            Record(lot.key, None, ((REDRIVE, b"r"), (RELEASE, b"%d" % lot.releases)))
            for lot in lots
            if lot.releases is not None
        ]
        self.arrive(*made[:until])


def planner(topic: Topic, **given: object) -> Planner:
    """A planner for everything that is open."""
    chosen = frozenset(one.place for one in topic.parked() if one.state is State.OPEN)
    return Planner(PORTS, judge, chosen, **given)  # type: ignore[arg-type]


def steps(lot: Lot) -> list[tuple[int, Action]]:
    """Offsets and actions."""
    return [(step.place.offset, step.action) for step in lot.steps]


BAD, GOOD = Record(A, b"bad"), Record(A, b"good")


def test_what_waits_does_not_overtake_a_fault_that_is_still_there() -> None:
    """It stays with it, and the reason is told."""
    topic = Topic([BAD, GOOD, Record(B, b"good")])
    (lot,) = topic.plan(planner(topic))
    assert lot.moving == []
    assert steps(lot) == [(0, Action.STAY), (1, Action.PUBLISH)]
    assert (lot.left, lot.releases) == (lot.steps, None)
    assert lot.steps[0].reason == "undecodable: it is bad"


def test_an_edit_mends_what_was_chosen_and_is_invalid() -> None:
    """What comes before the next fault moves already; the release covers all."""
    topic = Topic([BAD, GOOD, BAD, GOOD])
    (lot,) = topic.plan(planner(topic, mend=mend))
    assert [(step.place.offset, step.value, step.edited) for step in lot.moving] == [
        (0, b"mended", ("amount",)),
        (1, b"good", None),
    ]
    assert [step.place.offset for step in lot.left] == [2, 3]
    topic.publish([lot])
    waiting = frozenset(one.place for one in topic.parked() if one.state is State.WAITING)
    (lot,) = topic.plan(Planner(PORTS, judge, waiting, mend))
    assert [(step.place.offset, step.value) for step in lot.steps] == [(2, b"mended"), (3, b"good")]
    assert lot.releases == 3
    topic.publish([lot])
    assert topic.plan(planner(topic)) == []


def test_what_was_given_up_before_the_next_fault_is_not_met_again() -> None:
    """The audit tells: nothing of it is on the topic."""
    topic = Topic([BAD, BAD])
    (lot,) = topic.plan(planner(topic, discard=True))
    assert [step.action for step in lot.moving] == [Action.DISCARD]
    handled = frozenset({lot.steps[0].place})
    (lot,) = topic.plan(Planner(PORTS, judge, frozenset(), handled=handled))
    assert steps(lot) == [(1, Action.STAY)]


def test_records_that_nobody_has_parked_yet_come_along() -> None:
    """A consumer that lags will park them; the redrive has seen them on the topic."""
    topic = Topic([BAD])
    topic.records += [GOOD, Record(B, b"good"), GOOD]
    (lot,) = topic.plan(planner(topic, discard=True))
    assert steps(lot) == [(0, Action.DISCARD), (1, Action.PUBLISH), (3, Action.PUBLISH)]
    assert [step.cause for step in lot.steps] == ["undecodable", "", ""]
    assert lot.covers == 3


def test_nothing_is_planned_twice() -> None:
    """Not after a redrive that the consumers have still to read, and not after they have."""
    topic = Topic([BAD, GOOD])
    lots = topic.plan(planner(topic, discard=True))
    before = len(topic.records)
    topic.consumer.read = lambda _: None  # type: ignore[method-assign]  # it is slow
    topic.publish(lots)
    assert len(topic.records) == before + 2
    assert topic.plan(planner(topic, discard=True)) == []
    del topic.consumer.read  # type: ignore[method-assign]
    topic.arrive(GOOD)
    assert topic.plan(planner(topic)) == []
    assert [one.state for one in topic.parked()] == [State.DONE, State.DONE]
    assert topic.consumer.found()[-1] == "effect"


def test_a_record_that_came_meanwhile_is_all_that_is_left() -> None:
    """What was redriven before is not redriven again."""
    topic = Topic([BAD, GOOD])
    lots = topic.plan(planner(topic, discard=True))
    topic.arrive(Record(A, b"late"))
    topic.publish(lots)
    (lot,) = topic.plan(planner(topic))
    assert steps(lot) == [(2, Action.PUBLISH)]
    topic.publish([lot])
    assert topic.plan(planner(topic)) == []


def test_an_interrupted_redrive_goes_on_where_it_stopped() -> None:
    """What is on the topic is found there; where only the release lacks, only that is published."""
    topic = Topic([BAD, GOOD, GOOD])
    whole = topic.plan(planner(topic, mend=mend))
    topic.publish(whole, until=2)
    (lot,) = topic.plan(planner(topic))
    assert steps(lot) == [(2, Action.PUBLISH)]
    topic.publish([lot], until=1)
    (lot,) = topic.plan(planner(topic))
    assert (lot.steps, lot.releases) == ([], 2)


def test_a_mended_record_that_is_still_invalid_is_parked_and_mended_in_its_turn() -> None:
    """It takes the place of the first one."""
    topic = Topic([BAD, GOOD])
    lots = topic.plan(planner(topic, mend=lambda *_: Mended(A, PLACE, b"bad", ())))
    topic.publish(lots)
    (lot,) = topic.plan(planner(topic, mend=mend))
    assert steps(lot) == [(2, Action.PUBLISH)]
    assert lot.steps[0].value == b"mended"
    topic.publish([lot])
    assert topic.plan(planner(topic)) == []


RECORDS = st.lists(
    st.builds(Record, st.sampled_from((A, B)), st.sampled_from((b"good", b"good", b"bad")), st.just(())),
    max_size=12,
)


@settings(max_examples=200, deadline=None)
@given(
    records=RECORDS,
    late=st.lists(RECORDS, max_size=4),
    deaths=st.lists(st.integers(0, 8), max_size=4),
)
def test_in_the_end_nothing_waits_and_every_fact_has_an_effect(
    records: list[Record], late: list[list[Record]], deaths: list[int]
) -> None:
    """Whatever arrives between reading and releasing, and wherever redrives die."""
    topic = Topic([record._replace(value=b"%s %d" % (record.value, n)) for n, record in enumerate(records)])

    def bad(_: Port, key: bytes | None, value: bytes | None) -> tuple[str, str] | None:
        return ("undecodable", "it is bad") if value is None or value.startswith(b"bad") else None

    def mended(_: Port, place: Place, value: bytes | None) -> Mended:
        key = next(one.key for one in topic.parked() if one.place == place)
        assert key is not None
        assert value is not None
        return Mended(key, PLACE, value.replace(b"bad", b"good"), ())

    def round_(arrivals: Sequence[Record], death: int | None) -> None:
        chosen = frozenset(one.place for one in topic.parked() if one.state in (State.OPEN, State.WAITING))
        lots = topic.plan(Planner(PORTS, bad, chosen, mended))
        topic.arrive(*(r._replace(value=b"%s %d" % (r.value, len(topic.records))) for r in arrivals))
        topic.publish(lots, until=death)

    for arrivals in late:
        round_(arrivals, deaths.pop() if deaths else None)
    for _ in range(4):
        round_([], None)
    assert not any(one.held for one in topic.parked())
    effects = {topic.records[n].value for n in topic.consumer.effects}
    facts = {(record.value or b"").replace(b"bad", b"good") for record in topic.records if not record.headers}
    assert effects == facts


def test_a_row_of_a_file_is_not_redriven() -> None:
    """Its mapping is mended, and it is ingested again."""
    letter = Topic([BAD]).consumer.dead[0]._replace(partition=-1, offset=7, file="orders.csv")
    (parked,) = parked_records([letter], PORTS, {})
    (step,) = Planner(PORTS, judge, frozenset({parked.place})).single(parked).steps
    assert step.action is Action.STAY
    assert "ingest" in step.reason


def test_a_revision_conflict_needs_a_seq_of_its_own() -> None:
    """Publishing it again would park it again; an edit, or giving it up, moves it."""
    letter = Topic([BAD]).consumer.dead[0]._replace(code="revision-conflict", value=b"good")
    (parked,) = parked_records([letter], PORTS, {})
    chosen = frozenset({parked.place})
    actions = [
        Planner(PORTS, judge, chosen, **given).single(parked).steps[0].action  # type: ignore[arg-type]
        for given in ({}, {"mend": mend}, {"discard": True})
    ]
    assert actions == [Action.STAY, Action.PUBLISH, Action.DISCARD]
    assert Planner(PORTS, judge, chosen, discard=True).single(parked).releases is None
    assert parked.place == Place(TOPIC, PLACE, 0)
