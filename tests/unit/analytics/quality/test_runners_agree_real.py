"""Both runners of a rule, in stream and at rest, give one verdict on the same records."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import clickhouse_connect
import pytest
from clickhouse_connect.driver.client import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.quality.finding import Finding
from analytics.quality.judging import judge
from analytics.quality.statement import Scene
from mesh.kernel.contract import Port
from mesh.kernel.quality import (
    Equation,
    NotNull,
    Range,
    Regex,
    Rule,
    Values,
    breaks,
    parse_expression,
    portable_pattern,
)
from mesh.kernel.table_fold import TableFold
from mesh.kernel.table_rules import SHOWN, Share, Unique
from tests.ports.embedded_server import EmbeddedServer
from tests.unit.analytics.quality.toys import Part, Toy, fill, port, set_up, toy

pytestmark = pytest.mark.real

PATTERNS = (
    *("[a-z0-9-]+:.+", "[A-Z]{3}", r"[^@ ]+@[^@ ]+\.[^@ ]+", "[0-9]{4}-[0-9]{2}-[0-9]{2}"),
    *(
        "a|b",
        "ab|",
        "",
        ".",
        ".*",
        "..",
        "a.b",
        "[^a]",
        "[^a]*",
        "^a$",
        "a$",
        "(?:ab)?b*",
        "a{0,2}",
        "(a)(b)?",
    ),
    *(
        "[a-zäöü]+",
        "é",
        "it's",
        r"\\",
        r"\.",
        r"[\]']",
        "[.]",
        r"\$",
        "a*?b",
        "a\n?",
        "[\n]",
        "[^\n]*",
        "ß|SS",
    ),
)
"""Those of the contracts, and corners: alternatives, ends of lines, classes, quotes, more than ASCII."""
CORNERS = (
    *(
        "",
        " ",
        "a",
        "b",
        "A",
        "ab",
        "abb",
        "a\n",
        "\n",
        "a\nb",
        "a\r\n",
        "\r",
        "\x00",
        "a\x00b",
        "\x85",
        "\u2028",
    ),
    *(
        "ä",
        "a\u0308",
        "é",
        "e\u0301",
        "ß",
        "SS",
        "İ",
        "٣",
        "𝒳",
        "ﬁ",
        "'",
        "it's",
        "\\",
        "\\'",
        "%",
        "]",
        "$",
        ".",
    ),
    *(
        "EUR",
        "eur",
        "shop:1",
        "shop:",
        "x@y.z",
        "x@y.z\n",
        "x @y.z",
        "2024-01-01",
        "2024-01-0",
        "null",
        "NULL",
    ),
)
EQUATIONS = (
    *(
        "price = fee",
        "price = fee + rate",
        "price = wheels * fee",
        "price = price",
        "price = 2 * fee - 0.00005",
    ),
    *(
        "wheels = doors",
        "wheels = doors * doors - 1",
        "parts.total = count * price",
        "parts.total = price - 1.5",
    ),
    "price = fee * rate * wheels",
)

texts = st.one_of(st.sampled_from(CORNERS), st.text(st.characters(codec="utf-8"), max_size=4))
near = st.sampled_from([Decimal(n) / 10_000 for n in (-10_000, -1, 0, 1, 9_999, 10_000, 20_000, 15_000)])
money = st.one_of(near, st.decimals(-(10**14) + 1, 10**14 - 1, places=4))
rates = st.one_of(near, st.decimals(0, 10**10 - 1, places=8))
whole = st.one_of(st.integers(-3, 3), st.sampled_from([-(2**63), 2**63 - 1]))
floats = st.one_of(
    st.sampled_from(
        [0.0, -0.0, 0.1, 0.3, math.nextafter(0.1, 1), math.nextafter(0.3, 0), 90.0, 1e308, 5e-324]
    ),
    st.floats(allow_nan=False, allow_infinity=False),
)
moments = st.integers(0, 2**52).map(
    lambda micros: datetime.fromtimestamp(0, UTC) + timedelta(microseconds=micros)
)
PLAIN = {"kind": texts, "name": texts, "wheels": whole, "price": money, "angle": floats}
NULLABLE = {
    "colour": texts,
    "nickname": texts,
    "maker": texts,
    "doors": whole,
    "fee": money,
    "rate": rates,
    "tilt": floats,
    "made_at": moments,
    "day": st.dates(date(1970, 1, 1), date(2099, 1, 1)),
    "is_new": st.booleans(),
}
parts = st.builds(
    Part,
    label=texts,
    note=st.none() | texts,
    count=st.integers(-3, 3),
    price=st.none() | near,
    total=near,
)
values = st.fixed_dictionaries(
    PLAIN | {name: st.none() | one for name, one in NULLABLE.items()} | {"parts": st.lists(parts, max_size=3)}
)
TEXTS = ("kind", "colour", "name", "nickname", "maker", "parts.label", "parts.note")
NUMBERS = (
    "wheels",
    "doors",
    "price",
    "fee",
    "rate",
    "angle",
    "tilt",
    "parts.count",
    "parts.price",
    "parts.total",
)
bounds = st.none() | st.one_of(
    near, st.sampled_from([Decimal(one) for one in ("0.1", "0.3", "90", "1E+2", "0.123456789012", "-1E-7")])
)
rules = st.one_of(
    st.builds(NotNull, st.sampled_from((*TEXTS, *NUMBERS, "made_at", "day", "is_new", "parts"))),
    st.builds(Values, st.sampled_from(TEXTS), st.lists(texts, min_size=1, max_size=4).map(tuple)),
    st.builds(Regex, st.sampled_from(TEXTS), st.sampled_from(PATTERNS)),
    st.builds(Range, st.sampled_from(NUMBERS), bounds, bounds).filter(
        lambda rule: (rule.minimum, rule.maximum) != (None, None)
    ),
    st.builds(
        lambda text, tolerance: _equation(text, tolerance),
        st.sampled_from(EQUATIONS),
        st.sampled_from([Decimal(0), Decimal("0.0001"), Decimal(1)]),
    ),
)


def _equation(stated: str, tolerance: Decimal) -> Equation:
    field, right = stated.split(" = ")
    return Equation(field, parse_expression(right), right, tolerance)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A warehouse with the table of the toys."""
    server = EmbeddedServer(tmp_path_factory.mktemp("quality") / "path")
    opened = clickhouse_connect.get_client(port=server.port)
    set_up(opened)
    yield opened
    opened.close()
    server.stop()


def judged(client: Client, laid: Port) -> list[Finding]:
    """What the contract's rules find; the others follow for every table."""
    scene = Scene({laid.topic: laid}, datetime.now(UTC))
    return [one for one in judge(client, [laid], scene) if not one.rule.startswith("rows/")]


def at_rest(client: Client, toys: list[Toy], *laid: Rule | Unique | Share) -> list[tuple[int, list[str]]]:
    """How many rows break each rule, and which are named."""
    fill(client, toys)
    on_table = [rule for rule in laid if isinstance(rule, Unique | Share)]
    on_records = [rule for rule in laid if not isinstance(rule, Unique | Share)]
    findings = judged(client, port(on_records, on_table))
    return [(found.failing, [key[0] for key in found.keys]) for found in findings]


def test_every_pattern_is_one_that_a_contract_may_state() -> None:
    """So that what is compared is what can happen."""
    for pattern in PATTERNS:
        portable_pattern(pattern)


@settings(max_examples=80)
@given(st.lists(values, min_size=1, max_size=25), st.lists(rules, min_size=8, max_size=16, unique=True))
def test_rules_on_records_agree(client: Client, drawn: list[dict[str, Any]], laid: list[Rule]) -> None:
    """As many rows are at fault, and these ones are named."""
    toys = [toy(number, **one) for number, one in enumerate(drawn)]
    records = [one.model_dump() for one in toys]
    expected = []
    for rule in laid:
        faulty = [record["toy_id"] for record in records if breaks(rule, record)]
        expected.append((len(faulty), faulty[:SHOWN]))
    assert at_rest(client, toys, *laid) == expected


@pytest.mark.parametrize("field", TEXTS)
def test_every_pattern_agrees_on_every_corner(client: Client, field: str) -> None:
    """All pairs, in every kind of column that holds a text."""
    name = field.rpartition(".")[2]
    toys = []
    for number, text in enumerate(CORNERS):
        if "." in field:
            part = Part(**{"label": "", "count": 1, "total": Decimal(1)} | {name: text})
            toys.append(toy(number, parts=[part]))
        else:
            toys.append(toy(number, **{name: text}))
    laid = [Regex(field, pattern) for pattern in PATTERNS]
    expected = []
    for rule in laid:
        faulty = [one.toy_id for one in toys if breaks(rule, one.model_dump())]
        expected.append((len(faulty), faulty[:SHOWN]))
    assert at_rest(client, toys, *laid) == expected


versions = st.lists(
    st.tuples(
        st.integers(0, 13), st.integers(0, 2), st.integers(0, 2), st.none() | st.sampled_from(CORNERS[:6])
    ),
    min_size=1,
    max_size=40,
)


@settings(max_examples=40)
@given(versions, st.sampled_from(["colour", "nickname", "maker"]), st.sampled_from([1, 20, 50, 100]))
def test_rules_on_tables_agree(
    client: Client, drawn: list[tuple[int, int, int, str | None]], field: str, below: int
) -> None:
    """Over the newest version of each toy and the highest revision of that, of equal ones the first: how many
    are judged and at fault, which are named, and whether the rule is broken.
    """
    start = datetime(2024, 1, 1, tzinfo=UTC)
    toys = [
        toy(number, valid_from=start + timedelta(days=day), seq=seq, **{field: text})
        for number, day, seq, text in drawn
    ]
    laid = (
        Unique(field),
        Share(Values(field, ("a", "b")), Decimal(below)),
        Share(NotNull(field), Decimal(below)),
    )
    fold = TableFold(port((), laid))
    for offset, one in reversed([*enumerate(toys)]):
        fold.take(one.model_dump(), offset)
    in_stream = [
        (one.name, one.judged, one.failing, fold.keys(one.name), one.is_broken) for one in fold.judged()
    ]
    fill(client, toys)
    assert in_stream == [
        (one.rule, one.judged, one.failing, one.keys, one.verdict == "fail")
        for one in judged(client, port((), laid))
    ]


def test_bounds_of_floats_agree_to_the_last_bit(client: Client) -> None:
    """No float is 0.1 or 0.3: one beside it lies within such a bound, and the other does not."""
    beside = [f(one, way) for one in (0.1, 0.3) for f in (lambda x, _: x, math.nextafter) for way in (0, 1)]
    toys = [toy(number, angle=angle) for number, angle in enumerate(beside)]
    laid = [
        Range("angle", *sides)
        for bound in (Decimal("0.1"), Decimal("0.3"))
        for sides in ((bound, None), (None, bound))
    ]
    expected = [[one.toy_id for one in toys if breaks(rule, one.model_dump())] for rule in laid]
    assert [keys for _, keys in at_rest(client, toys, *laid)] == expected
    assert all(expected)
