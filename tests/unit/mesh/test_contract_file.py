"""A contract is read into its ports, and everything it gets wrong is refused with its line."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from mesh.kernel.contract import FieldPromise
from mesh.kernel.errors import ContractError
from mesh.kernel.quality import Equation, NotNull, Range, Regex, Values, parse_expression

if TYPE_CHECKING:
    from tests.unit.mesh.conftest import Folder

FILE = "contract.yaml"


def test_a_port_holds_what_the_contract_states(toys: Folder) -> None:
    """Names, keys, keeping, landing, owner."""
    port = toys.port()
    assert (port.domain, port.name, port.topic) == ("toys", "toy", "toys.public.toy.v1")
    assert (port.record.__name__, port.key, port.key_fields()) == (
        "ToyMade",
        "{toy_id}@{valid_from}#{seq}",
        ("toy_id", "valid_from", "seq"),
    )
    assert (port.partition_by, port.partitions) == ("toy_id", 4)
    assert (port.cleanup, port.retention_ms) == ("compact", 30 * 86_400_000)
    assert (port.table, port.table_key, port.revision) == ("toys", ("toy_id", "valid_from"), "seq")
    assert port.order_by == ("toDate(valid_from)", "toy_id")
    assert port.owner == "toys@retail.example"


def test_promises_and_rules_are_those_of_the_contract(toys: Folder) -> None:
    """By dotted path, and in order."""
    port = toys.port()
    assert port.promises["maker"] == FieldPromise("personal", "initial", "toy_id", ())
    assert port.rules == (
        NotNull("colour"),
        Values("colour", ("red", "green")),
        Regex("colour", "[a-z]+", severity="warning"),
        Range("wheels", Decimal(1), Decimal(18), dimension="accuracy"),
        Equation("parts.total", parse_expression("price + fee"), "price + fee", Decimal("0.01")),
    )
    assert port.promises["parts.total"].rules == port.rules[4:]


def test_a_ports_own_service_level_holds_before_the_contracts(toys: Folder) -> None:
    """One without element is for every port."""
    assert toys.port().service_levels["freshness"].value == 10
    toys.change(FILE, ", element: toy", "")
    toys.change(FILE, "  - {property: freshness, value: 10, unit: s}\n", "")
    assert toys.port().service_levels["freshness"].value == 60


def test_a_port_without_a_field_to_partition_by_has_one_partition(toys: Folder) -> None:
    """So that everyone can read it whole, in order."""
    toys.change(FILE, "      - {property: partitionBy, value: toy_id}\n", "")
    assert (toys.port().partition_by, toys.port().partitions) == (None, 1)


@pytest.mark.parametrize(
    ("old", "new", "code", "line_of"),
    [
        ("value: ToyMade", "value: ToyMad", "event-unknown", "ToyMad}"),
        ("toys.public.toy.v1", "toys.public.toy", "topic-name", "toys.public.toy"),
        ("toys.public.toy.v1", "toys.dead.toy.v1", "topic-name", "toys.dead"),
        ("toys.public.toy.v1", "shop.public.toy.v1", "topic-name", "shop.public"),
        ("toys.public.toy.v1", "toys.public.toys.v1", "topic-name", "toys.public.toys"),
        ('"{toy_id}@', '"{toyid}@', "field-unknown", "{toyid}@"),
        ('"{toy_id}@', '"{toy_id@', "key-template", "{toy_id@"),
        ("partitionBy, value: toy_id", "partitionBy, value: id", "field-unknown", "partitionBy"),
        ("[toy_id, valid_from]", "[toy, valid_from]", "field-unknown", "tableKey"),
        ("toDate(valid_from)", "toDate(valid_form)", "field-unknown", "orderBy"),
        ("toDate(valid_from)", "toMonth(valid_from)", "sort-key", "orderBy"),
        ("table, value: toys", "table, value: toys_v1", "table-name", "table, value"),
        ("table, value: toys", "table, value: Toys", "table-name", "table, value"),
        ("value: compact", "value: both", "cleanup-unknown", "value: both"),
        ("value: P30D", "value: a month", "retention-wrong", "value: a month"),
        ("property: cleanup", "property: cleaning", "property-unknown", "property: cleaning"),
        ("      - {property: cleanup, value: compact}\n", "", "property-missing", "- name: toy"),
        ("name: maker", "name: make", "field-unknown", "name: make"),
        ("name: total", "name: sum", "field-unknown", "name: sum"),
        ("logicalType: integer", "logicalType: string", "type-wrong", "logicalType: string\n        quality"),
        ("classification: personal", "classification: private", "classification-unknown", "classification:"),
        ("classification: personal", "classification: internal", "personal-unclassified", "classification:"),
        (
            "name: colour\n        logicalType: string",
            "name: colour\n        logicalType: string\n        classification: personal",
            "personal-untyped",
            "classification: personal\n        required",
        ),
        ("value: initial", "value: first", "mask-unknown", "value: first"),
        (
            "customProperties: [{property: mask, value: initial}]",
            "tags: []",
            "property-missing",
            "name: maker",
        ),
        ("      - {property: dataSubject, value: toy_id}\n", "", "subject-missing", "name: maker"),
        (
            "required: true",
            "customProperties: [{property: mask, value: hidden}]",
            "person-missing",
            "hidden}]",
        ),
        (
            "metric: invalidValues, arguments: {valid",
            "metric: nullValues, arguments: {valid",
            "metric-unknown",
            "nullValues",
        ),
        ("[red, green]}, mustBe: 0", "[red, green]}, mustBe: 5", "rule-aggregate", "mustBe: 5"),
        ("pattern: '[a-z]+'", "pattern: '\\w+'", "pattern-wrong", "pattern:"),
        ("severity: warning", "severity: fatal", "severity-unknown", "severity:"),
        ("dimension: accuracy", "dimension: beauty", "dimension-unknown", "dimension:"),
        (
            "engine: mesh, implementation: {min",
            "engine: soda, implementation: {min",
            "engine-unknown",
            "soda",
        ),
        ("{minimum: 1, maximum: 18}", "{minimum: one}", "type-wrong", "minimum: one"),
        ("{minimum: 1, maximum: 18}", "{least: 1}", "key-unknown", "least"),
        ("price + fee", "price + ", "expression-wrong", "equals"),
        ("price + fee", "price + fees", "field-unknown", "equals"),
        ("price + fee", "price + name", "rule-type", "equals"),
        ("{minimum: 1, maximum: 18}", "{equals: toy_id}", "rule-type", "equals: toy_id"),
        ("property: freshness, value: 60", "property: speed, value: 60", "service-level-unknown", "speed"),
        ("value: 10, unit: s", "value: 10, unit: weeks", "service-level-unit", "unit: weeks"),
        ("element: toy", "element: toi", "port-unknown", "element: toi"),
        (
            "{property: cleanup, value: compact}\n",
            "{property: cleanup, value: compact}\n      - {property: application, value: mesh.toys}\n",
            "application-unknown",
            "value: mesh.toys",
        ),
        ("domain: toys", "domain: games", "domain-wrong", "domain: games"),
        ("  name: Toy team", "  id: team", "key-missing", "team:"),
    ],
)
def test_what_a_contract_gets_wrong_is_refused(
    toys: Folder, old: str, new: str, code: str, line_of: str
) -> None:
    """With its code, and with the line on which it stands."""
    toys.change(FILE, old, new)
    with pytest.raises(ContractError) as caught:
        toys.read()
    assert caught.value.code == code
    text = (toys.path / FILE).read_text()
    near = text[: text.index(line_of)].count("\n") + 1
    assert int(caught.value.place.rpartition(":")[2]) - near in (0, 1)  # a mapping starts below its key


def test_a_personal_field_must_be_listed(toys: Folder) -> None:
    """Leaving it out is as wrong as misjudging it."""
    text = (toys.path / FILE).read_text()
    start, end = text.index("      - name: maker"), text.index("      - name: colour")
    (toys.path / FILE).write_text(text[:start] + text[end:])
    with pytest.raises(ContractError, match=r"'maker' of ToyMade is personal and not in the contract"):
        toys.read()


def test_a_typing_error_is_answered_with_the_nearest_name(toys: Folder) -> None:
    """The whole line that a person sees."""
    toys.change(FILE, "name: wheels", "name: wheel")
    with pytest.raises(ContractError) as caught:
        toys.read()
    line = toys.line(FILE, "name: wheel")
    assert str(caught.value) == (
        f"ContractError[field-unknown] {toys.path}/{FILE}:{line}: 'wheel' is not a field of ToyMade; "
        "did you mean 'wheels'?"
    )
