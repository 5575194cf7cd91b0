"""The semantic model is whole: every cell of the conceptual model, and nothing without meaning or owner."""

from __future__ import annotations

import pytest

from analytics.semantic.model import Definition
from analytics.semantic.query import compile_question
from analytics.semantic.question import ask
from analytics.semantic.reading import FILE, read_model
from analytics.semantic.views import columns, views
from mesh.kernel.discovery import find_mesh
from mesh.kernel.product import is_address
from mesh.kernel.settings import load_settings

MESH = find_mesh(load_settings())
MODEL = read_model(MESH)

CONCEPTS = {
    "channel": """store_id store_name store_address store_contact_email store_contact_phone platform_name
        platform_url country currency channel_type nearest_offline_store""",
    "customer": """customer_id first_name last_name gender phone_number email_id birth_date age
        education_level marital_status number_of_children register_date occupation annual_income hobbies
        degree_of_loyalty social_class mailing_street city state country zip_code full_name age_group""",
    "product": """productid skuid productname productcategory subcategory gender price cost launchdate
        designername color size model""",
    "transaction": """transaction_id transaction_date transaction_amount payment_method transaction_type
        transaction_status transaction_year transaction_month transaction_day order_delivery_duration""",
    "order": """order_id order_delivery_date discounted_amount shipping_amount order_total_amount
        discount_percentage shipping_address billing_address promo_code shipping_method order_status
        full_address discount_applied shipping_cost_category""",
}
"""The fields and derived dimensions of the conceptual model; a transaction's are its own or its order's."""
MEASURES = {
    "channel": "total_stores",
    "customer": "total_customers average_age",
    "product": "total_products average_price total_cost average_margin",
    "transaction": """total_transactions total_revenue average_transaction_amount monthly_revenue_curr
        monthly_revenue_prev transaction_percentage_with_discount""",
    "order": """total_discounted_amount total_shipping_amount total_order_amount ups_delivered_percentage
        canceled_order_percentage""",
}
CELLS = [f"{entity}.{name}" for entity, names in CONCEPTS.items() for name in names.split()]
DEFINITIONS: list[Definition] = [
    one
    for entity in MODEL.entities.values()
    for one in (*entity.measures.values(), *entity.dimensions.values())
]


def test_every_domain_has_semantics() -> None:
    """Each says what of it is measured."""
    assert [name for name, domain in MESH.domains.items() if not (domain.folder / FILE).exists()] == []


@pytest.mark.parametrize("cell", CELLS)
def test_every_cell_of_the_conceptual_model_groups_revenue_and_customers(cell: str) -> None:
    """From one side and from the other, without a word about joins."""
    for measure in ("total_revenue", "total_customers"):
        query = compile_question(MODEL, ask(MODEL, [measure], [cell]), "UTC")
        assert query.columns == (MODEL.dimension(cell).label, measure)


def test_every_measure_of_the_conceptual_model_is_over_its_entity() -> None:
    """And each has a column of a saved view."""
    for entity, names in MEASURES.items():
        assert {MODEL.measure(name).entity for name in names.split()} == {entity}
    assert {name for saved in MODEL.saved for name in saved.measures} == MODEL.measures.keys()


def test_the_relationships_of_the_conceptual_model_hold() -> None:
    """A transaction has one customer and one channel; its shares have one product each."""
    assert {"customer_id", "store_id"} <= columns(MODEL, MODEL.entities["transaction"]).keys()
    assert "product_id" in columns(MODEL, MODEL.entities["transaction_share"])
    assert "transaction_id" not in columns(MODEL, MODEL.entities["customer"])


@pytest.mark.parametrize("one", DEFINITIONS, ids=lambda one: f"{one.entity}.{one.name}")
def test_a_definition_has_meaning_and_owner(one: Definition) -> None:
    """In a sentence without a full stop, and by an address."""
    assert one.description
    assert not one.description.endswith(".")
    assert is_address(one.owner)


def test_no_entity_stands_alone() -> None:
    """Each is related to another one, so that it can be asked beside it."""
    related = {
        name
        for entity in MODEL.entities.values()
        for link in entity.relationships.values()
        for name in (entity.name, link.entity)
    }
    assert MODEL.entities.keys() - related == set()


def test_no_two_views_have_one_name() -> None:
    """Entities, shares and saved questions share a database."""
    names = [view.name for view in views(MODEL, "UTC")]
    assert len(names) == len(set(names))


def test_a_view_names_a_dimension_as_a_question_does() -> None:
    """The customer's country is plain, the store's and the home store's are not."""
    found = columns(MODEL, MODEL.entities["transaction"])
    assert [
        found[name].node for name in ("country", "channel_country", "home_store_country", "store_id")
    ] == [
        "customer",
        "channel",
        "home_store",
        "channel",
    ]
