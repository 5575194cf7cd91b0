"""Only those processes are started anew that cannot learn of a change otherwise."""

from __future__ import annotations

import pytest

from mesh.kernel.discovery import find_mesh
from mesh.kernel.names import CUSTOMER_360, ORDERS_ENRICHED, SINK
from mesh.kernel.settings import Settings
from mesh.provisioning.change import Action, Change
from mesh.provisioning.learners import MONITOR, learners

CREATE, CHANGE = Action.CREATE, Action.CHANGE


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (Change("topic", "toys.public.toy.v1", CREATE), {SINK, MONITOR}),
        (Change("topic", "sales.public.order-placed.v1", CHANGE), set()),
        (Change("table", "sales.orders_v1", CHANGE), {SINK}),
        (Change("table", "mesh.incidents_v1", CREATE), set()),
        (
            Change("schema", "sales.public.payment-recorded.v1-value", CHANGE),
            {SINK, ORDERS_ENRICHED, CUSTOMER_360},
        ),
        (Change("schema", "product.public.product.v1-value", CHANGE), {SINK, ORDERS_ENRICHED, MONITOR}),
        (Change("schema", "sales.private.clock.v1-value", CHANGE), {ORDERS_ENRICHED, CUSTOMER_360}),
        (Change("schema", "(every subject)", CHANGE), set()),
        (Change("access", "User:sales", CREATE), set()),
        (Change("alerts", "sales.yaml", CHANGE), set()),
        (Change("silence", "sales.public.order-placed.v1", CHANGE), {MONITOR}),
    ],
    ids=lambda value: str(value) if isinstance(value, Change) else "+".join(sorted(value)),
)
def test_who_must_learn_of_a_change(change: Change, expected: set[str]) -> None:
    """The sink subscribes and everybody compiles schemas at the start; the rest is read while they run."""
    assert learners([change], find_mesh(Settings(home="nowhere"))) == expected
