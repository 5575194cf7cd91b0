"""Any order, repetition, split and crash leaves the rows that a plain reading of the semantics gives."""

from __future__ import annotations

from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from random import Random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.orders_enriched import topics

FACTS = (topics.ORDER, topics.PAYMENT, topics.FULFILMENT, topics.RETURN)
ENVELOPE = ("event_id", "source", "seq", "occurred_at", "recorded_at", "trace_id")
PREFIXES = {
    "product": ("product_id", topics.PRODUCT),
    "location": ("location_id", topics.LOCATION),
    "territory": ("territory_id", topics.LOCATION),
    "employee": ("employee_id", topics.EMPLOYEE),
    "customer": ("account", topics.CUSTOMER),
}
ENTITY = {
    topics.ORDER: ("order_id",),
    topics.PAYMENT: ("transaction_id",),
    topics.FULFILMENT: ("fulfilment_id",),
    topics.RETURN: ("return_id",),
    topics.CUSTOMER: ("account", "valid_from"),
    topics.PRODUCT: ("product_id", "valid_from"),
    topics.LOCATION: ("location_id", "valid_from"),
    topics.EMPLOYEE: ("employee_id", "valid_from"),
}
TAIL = {
    "returned_quantity": 0,
    "return_count": 0,
    "returned_amount": Decimal("0.0000"),
    "last_returned_at": None,
}


class Reference:
    """The semantics read slowly: every fact decoded, everything computed anew from the whole set."""

    def __init__(self, world: Any, logs: dict[str, list[Any]]) -> None:
        self.row_fields = list(world.codecs[topics.ENRICHED].record_type.model_fields)
        self.revisions: dict[str, dict[Any, dict[int, dict[str, Any]]]] = {}
        self.parked: list[tuple[str, int, str]] = []
        self.clock: datetime | None = None
        for topic, log in logs.items():
            self.revisions[topic] = self._read(world, topic, log)

    def _read(self, world: Any, topic: str, log: list[Any]) -> dict[Any, dict[int, dict[str, Any]]]:
        known: dict[Any, dict[int, dict[str, Any]]] = {}
        for offset, timestamp, key, value, _ in log:
            try:
                fact = world.codecs[topic].decode(value)
            except ValueError:
                self.parked.append((topic, offset, "undecodable"))
                continue
            if topic in topics.INPUTS:
                account = fact["account"].encode()
                if key != account and not key.startswith((account + b"@", account + b"#")):
                    self.parked.append((topic, offset, "key-mismatch"))
                    continue
            occurred = fact["occurred_at"]
            if topic in FACTS and occurred.timestamp() > timestamp / 1000 + 86_400:
                self.parked.append((topic, offset, "event-time-ahead"))
                continue
            revisions = known.setdefault(tuple(fact[name] for name in ENTITY[topic]), {})
            held = revisions.setdefault(fact["seq"], fact)
            if any(held[name] != fact[name] for name in fact if name not in ENVELOPE):
                self.parked.append((topic, offset, "revision-conflict"))
            elif topic in FACTS:
                self.clock = occurred if self.clock is None else max(self.clock, occurred)
        return known

    def newest(self, topic: str) -> list[dict[str, Any]]:
        """The fact that holds of each entity."""
        return [revisions[max(revisions)] for revisions in self.revisions.get(topic, {}).values()]

    def rows(self) -> dict[tuple[str, Any, int], dict[str, Any]]:
        """Every row, tombstones too, by order id, day and line number."""
        rows = {}
        for (order_id,), revisions in self.revisions.get(topics.ORDER, {}).items():
            order = revisions[max(revisions)]
            for line in order["lines"]:
                rows[order_id, order["ordered_at"].date(), line["line_number"]] = self._live(order, line)
            present = {line["line_number"] for line in order["lines"]}
            for seq in sorted(revisions, reverse=True):
                older = revisions[seq]
                for line in older["lines"]:
                    key = order_id, older["ordered_at"].date(), line["line_number"]
                    if key not in rows:
                        rows[key] = self._dead(order, older, line, gone=line["line_number"] not in present)
        return rows

    def _live(self, order: dict[str, Any], line: dict[str, Any]) -> dict[str, Any]:
        row = self._bare(order, line)
        moment = order["ordered_at"]
        clocks = seqs = 0
        for prefix, (key, topic) in PREFIXES.items():
            member = line[key] if key in line else order[key]
            chosen = self.as_of(topic, member, moment)
            if chosen is None:
                continue
            self._show(row, prefix, chosen)
            valid_from = int(chosen["valid_from"].timestamp())
            clocks += 2**33 + valid_from if chosen["valid_from"] <= moment else 2**33 - valid_from
            seqs += chosen["seq"] + 1
        for prefix, topic, at, identity in (
            ("transaction", topics.PAYMENT, "transaction_at", "transaction_id"),
            ("fulfilment", topics.FULFILMENT, "updated_at", "fulfilment_id"),
        ):
            facts = [fact for fact in self.newest(topic) if fact["order_id"] == order["order_id"]]
            if facts:
                chosen = max(facts, key=lambda fact: (fact[at], fact[identity].encode()))
                self._show(row, prefix, chosen)
        standing = [fact for fact in self._returns(order, line) if fact["quantity"] != 0]
        row["returned_quantity"] = sum(fact["quantity"] for fact in standing)
        row["return_count"] = sum(fact["quantity"] > 0 for fact in standing)
        row["returned_amount"] = sum(
            ((f["amount"] * f["fx_rate"]).quantize(Decimal("0.0001"), ROUND_HALF_UP) for f in standing),
            Decimal("0.0000"),
        )
        row["last_returned_at"] = max((f["returned_at"] for f in standing if f["quantity"] > 0), default=None)
        row["version"] = version(order["seq"], self._registers(order, line), clocks, seqs)
        return row

    def _dead(
        self, order: dict[str, Any], older: dict[str, Any], line: dict[str, Any], *, gone: bool
    ) -> dict[str, Any]:
        row = self._bare(older, line)
        row["version"] = version(order["seq"], self._registers(order, line) if gone else 0, 0, 0)
        row["is_deleted"] = True
        return row

    def _bare(self, order: dict[str, Any], line: dict[str, Any]) -> dict[str, Any]:
        row = dict.fromkeys(self.row_fields)
        row |= {name: value for name, value in (order | line).items() if name in row} | TAIL
        row["is_deleted"] = False
        return row

    def _show(self, row: dict[str, Any], prefix: str, fact: dict[str, Any]) -> None:
        shown = {name for name in row if name.startswith(f"{prefix}_")}
        if prefix == "transaction":
            shown.add("payment_method")
        elif prefix == "fulfilment":
            shown |= {"order_status", "shipping_method", "tracking_number", "shipped_at", "delivered_at"}
        elif prefix in ("location", "territory", "employee"):
            shown.discard(f"{prefix}_id")
        elif prefix == "product":
            shown.discard("product_id")
        for name in shown:
            short = name.removeprefix(f"{prefix}_")
            row[name] = fact[short] if short in fact else fact[name]

    def as_of(self, topic: str, member: str | None, moment: datetime) -> dict[str, Any] | None:
        """Rule 6."""
        key = ENTITY[topic][0]
        known = [fact for fact in self.newest(topic) if fact[key] == member]
        holding = [fact for fact in known if fact["valid_from"] <= moment]
        if holding:
            return max(holding, key=lambda fact: fact["valid_from"])
        return min(known, key=lambda fact: fact["valid_from"], default=None)

    def _returns(self, order: dict[str, Any], line: dict[str, Any]) -> list[dict[str, Any]]:
        return [
            fact
            for fact in self.newest(topics.RETURN)
            if (fact["order_id"], fact["line_number"]) == (order["order_id"], line["line_number"])
        ]

    def _registers(self, order: dict[str, Any], line: dict[str, Any]) -> int:
        facts = [*self.newest(topics.PAYMENT), *self.newest(topics.FULFILMENT)]
        facts = [fact for fact in facts if fact["order_id"] == order["order_id"]] + self._returns(order, line)
        return 1 + sum(fact["seq"] + 1 for fact in facts)


def version(structure: int, registers: int, clocks: int, seqs: int) -> bytes:
    """Rule 9."""
    number = structure << 192 | registers << 128 | clocks << 64 | seqs
    return number.to_bytes(32, "little")


HOURS = st.sampled_from([0, 0.5, 5, 23, 24, 25, 48, 100])
SEQS = st.sampled_from([0, 1, 2, 3, 63, 64, 2**51 + 7, 2**59, 2**59 + 1])
AMOUNTS = st.sampled_from(["0", "0.0001", "0.005", "-12.34", "99.99995", "127.9999", "1234567.8912"]).map(
    lambda text: Decimal(text).quantize(Decimal("0.0001"))
)
RATES = st.sampled_from(["1", "0.5", "1.23456789", "0.00005", "100"]).map(Decimal)
TEXTS = st.sampled_from(["", "x", "Zürich", "a" * 63, "b" * 64, "c" * 200])
WHOLE = st.sampled_from([0, 1, 5, 24, 25, 48, 200])


@st.composite
def facts(draw: Any, world: Any, kinds: list[str]) -> tuple[str, bytes]:
    """One event of some topic, out of a small world, so that facts meet."""
    topic = draw(st.sampled_from(kinds))
    at = world.at
    fields: dict[str, Any] = {
        "seq": draw(SEQS),
        "occurred_at": at(draw(HOURS)),
        "event_id": draw(st.sampled_from(["e1", "e2"])),
    }
    if topic in FACTS:
        number = draw(st.sampled_from("112"))
        fields |= {"order_id": f"o{number}", "account": f"shop:{number}"}
    if topic == topics.ORDER:
        numbers = draw(st.lists(st.sampled_from([1, 2, 3, 70]), unique=True, max_size=4))
        fields |= {
            "ordered_at": at(draw(HOURS)),
            "location_id": draw(st.sampled_from([None, "l1", "l2"])),
            "territory_id": draw(st.sampled_from([None, "l1", "l2"])),
            "employee_id": draw(st.sampled_from([None, "e1", "ê" * 40])),
            "shipping_address": draw(st.one_of(st.none(), TEXTS)),
            "lines": [
                world.line(
                    n,
                    draw(st.sampled_from(["p1", "p2", "p" * 80])),
                    draw(st.integers(1, 3)),
                    unit_price=draw(AMOUNTS),
                )
                for n in numbers
            ],
        }
    elif topic == topics.PAYMENT:
        fields["transaction_id"] = f"{fields['order_id']}-{draw(st.sampled_from(['9', '10', 't' * 70]))}"
        fields |= {"transaction_at": at(draw(HOURS)), "amount": draw(AMOUNTS), "payment_method": draw(TEXTS)}
    elif topic == topics.FULFILMENT:
        fields["fulfilment_id"] = f"{fields['order_id']}-{draw(st.sampled_from('ab'))}"
        fields |= {"updated_at": at(draw(HOURS)), "shipping_method": draw(st.one_of(st.none(), TEXTS))}
    elif topic == topics.RETURN:
        number = draw(st.sampled_from([1, 2]))
        fields["return_id"] = f"{fields['order_id']}-{number}-{draw(st.sampled_from('ab'))}"
        fields |= {
            "line_number": number,
            "quantity": draw(st.integers(0, 2)),
            "amount": draw(AMOUNTS),
            "fx_rate": draw(RATES),
            "returned_at": at(draw(HOURS)),
        }
    else:
        fields["valid_from"] = at(draw(WHOLE))
    if topic == topics.CUSTOMER:
        fields |= {"account": f"shop:{draw(st.sampled_from('12'))}", "first_name": draw(TEXTS)}
        fields["education_level"] = draw(st.sampled_from([None, "x"]))
    elif topic == topics.PRODUCT:
        fields |= {"product_id": draw(st.sampled_from(["p1", "p2", "p" * 80])), "unit_cost": draw(AMOUNTS)}
    elif topic == topics.LOCATION:
        fields |= {"location_id": draw(st.sampled_from(["l1", "l2"])), "region": draw(TEXTS)}
    elif topic == topics.EMPLOYEE:
        fields |= {"employee_id": draw(st.sampled_from(["e1", "ê" * 40])), "last_name": draw(TEXTS)}
    return topic, world.event(topic, **fields)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(data=st.data(), seed=st.integers(0, 2**32))
def test_rows_are_a_function_of_the_set_of_facts(world: Any, data: st.DataObject, seed: int) -> None:
    """Repeated, split, interleaved with dimensions, and crashed before the ack: the rows of the reference."""
    random = Random(seed)
    # Few kinds at a time, so that facts of one kind meet often; orders always, or there is nothing to see.
    kinds = data.draw(st.lists(st.sampled_from(sorted(ENTITY)), min_size=1, max_size=4, unique=True))
    kinds += [topics.ORDER, topics.ORDER]
    published = data.draw(st.lists(facts(world, kinds), min_size=12, max_size=40))
    published += random.choices(published, k=len(published) // 3)
    random.shuffle(published)
    runtime = world.runtime()
    for topic, value in published:
        if random.random() < 0.04:
            poison = random.choice((value[:-1], value + b"\0", b"", b"\1" + value[1:], value[:5]))
            runtime.publish(topic, poison, key=b"shop:1")
        else:
            runtime.publish(topic, value)
        if random.random() < 0.5:
            some = random.choice(kinds)
            if some in topics.BROADCAST and random.random() < 0.4:
                runtime.miss(random)
            elif some in topics.BROADCAST:
                runtime.broadcast(random.randrange(1, 4))
            elif random.random() < 0.3:
                runtime.crash(some, random.randrange(1, 6), random)
            else:
                runtime.deliver(some, random.randrange(1, 6))
    runtime.run()
    reference = Reference(world, runtime.logs)
    assert runtime.newest() == reference.rows()
    assert runtime.parked == set(reference.parked)
    told = [world.codecs[topics.CLOCK].decode(value)["event_time"] for _, value, _ in runtime.clocks]
    assert (told[-1] if told else None) == reference.clock
    assert max(told, default=None) == reference.clock

    # The recovered state must be whole too: it writes every row again when every order is repeated.
    runtime.start(random)
    runtime.rows, runtime.clocks = [], []
    for topic, value in published:
        if topic == topics.ORDER:
            runtime.publish(topic, value)
    runtime.run()
    reference = Reference(world, runtime.logs)
    assert runtime.newest() == reference.rows()
    assert runtime.parked == set(reference.parked)
