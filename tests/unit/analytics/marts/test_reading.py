"""Marts' files: every one of ours can be read, and what is wrong in one is told with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from analytics.marts.reading import FOLDER, GROUNDS, QUESTIONS, read_library
from analytics.marts.relation import Library
from analytics.marts.statement import query
from mesh.kernel.discovery import find_mesh
from mesh.kernel.discovery import root as find_root
from mesh.kernel.errors import ContractError, MartError

GROUND = """/*
meaning: Payments
views: [sales.transactions]
concerns: {sales.transactions: account}
*/
SELECT account AS golden_id, amount FROM sales.transactions WHERE {in_scope account}
"""
KEPT = """kept:
  by: transaction_id
  key: [transaction_id]
  due: {sales.transactions: transaction_id}
  moves: SELECT transaction_id FROM sales.transactions"""
MART = """/*
question: What has each customer paid?
owner: sales
grain: a customer
key: [golden_id]
reads: [paid]
refresh: by customer
columns:
  golden_id: Customer
  revenue (reporting currency): What was paid
*/
SELECT golden_id, sum(amount) AS revenue FROM paid GROUP BY golden_id
"""


def read(folder: Path, *, ground: tuple[str, str] = ("", ""), mart: tuple[str, str] = ("", "")) -> Library:
    """A library of one ground and one mart, each with a text replaced."""
    for kind, name, text, (old, new) in (
        (GROUNDS, "paid", GROUND, ground),
        (QUESTIONS, "revenue", MART, mart),
    ):
        assert old in text
        (folder / kind).mkdir(exist_ok=True)
        (folder / kind / f"{name}.sql").write_text(text.replace(old, new, 1) if old else text)
    return read_library(find_mesh(), folder)


def test_a_mart_says_what_its_columns_mean(tmp_path: Path) -> None:
    """With their units."""
    mart = read(tmp_path).mart("revenue")
    assert [(column.name, column.unit) for column in mart.columns] == [
        ("golden_id", ""),
        ("revenue", "reporting currency"),
    ]
    assert mart.columns[1].meaning == "What was paid"


def test_only_some_customers_accounts_are_read_in_scope(tmp_path: Path) -> None:
    """The condition stands where the facts are read, and not only around the sums."""
    library = read(tmp_path)
    mart = library.mart("revenue")
    assert "{in_scope" not in query(library, mart)
    assert "WHERE account IN (SELECT account FROM marts.scope_v1)" in query(library, mart, scoped=True)


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("mart", "/*\n", "", "has no header"),
        ("mart", "question:", "questions:", "question: Field required"),
        ("mart", "grain: a customer\n", "grain: a customer\ncolour: red\n", "colour: Extra inputs"),
        ("mart", "refresh: by customer", "refresh: hourly", "refresh: Input should be"),
        ("mart", "owner: sales", "owner: salse", "'salse' is no domain; did you mean 'sales'"),
        ("mart", "reads: [paid]", "reads: [payed]", "'payed' is no ground or mart; did you mean 'paid'"),
        ("mart", "reads: [paid]", "reads: [paid, revenue]", "reads itself"),
        ("mart", "key: [golden_id]", "key: [customer]", "'customer' is not among them"),
        ("mart", "refresh:", "order: [paid desc]\nrefresh:", "'paid' is not among them"),
        ("mart", "FROM paid", "FROM sales.orders", "reads sales.orders, the header does not tell it"),
        ("mart", "revenue (reporting currency):", "revenue [money]:", "String should match"),
        ("ground", "views: [sales.transactions]", "views: [sales.payments]", "is not one of its views"),
        ("ground", "WHERE {in_scope account}", "", "limits nothing to {in_scope <account>}"),
        ("ground", "FROM sales", "FROM sales.orders JOIN sales", "reads sales.orders, the header does not"),
        (
            "ground",
            "FROM sales.transactions",
            "FROM sales.transactions_clear",
            "reads sales.transactions_clear, the header does not",
        ),
        (
            "ground",
            "views: [sales.transactions]",
            "views: [sales.transactions, sales.order]",
            "there is no view sales.order; did you mean",
        ),
        ("mart", "refresh: by customer", "refresh: from sums", "reads no sums"),
        ("mart", "refresh: by customer", "refresh: from marts", "reads no mart"),
        ("ground", "concerns:", "sums: {facts: payments}\nconcerns:", "does not read one kept ground alone"),
        (
            "mart",
            "refresh: by customer",
            "refresh: by customer\nevery: day",
            "every: day is for marts",
        ),
        ("mart", "refresh: by customer", "refresh: whole\nevery: hour", "every: Input should be 'day'"),
        (
            "ground",
            "concerns:",
            "worked: {key: [golden_id]}\nconcerns:",
            "stands on paid, which is worked out",
        ),
        (
            "ground",
            "concerns:",
            "worked: {key: [golden_id], by: golden_id}\nconcerns:",
            "worked: stretches take both by and starts",
        ),
        (
            "ground",
            "concerns:",
            "worked: {key: [golden_id], by: golden_id, starts: SELECT 1}\nconcerns:",
            "limits nothing to {part golden_id}",
        ),
        ("ground", "WHERE {in", "WHERE {part golden_id} AND {in", "is not worked out by golden_id"),
        (
            "ground",
            "concerns:",
            f"{KEPT}\nworked: {{key: [golden_id]}}\nconcerns:",
            "what is kept between runs is not worked out in each",
        ),
        ("ground", "concerns:", f"{KEPT}\nconcerns:", "limits nothing to {due transaction_id}"),
        (
            "ground",
            "concerns:",
            f"{KEPT.replace('sales.transactions:', 'sales.orders:')}\nconcerns:",
            "which facts a record of sales.tr",
        ),
    ],
)
def test_a_fault_is_told_with_its_file(tmp_path: Path, file: str, old: str, new: str, said: str) -> None:
    """In one line."""
    changes = {file: (old, new)}
    with pytest.raises(ContractError) as caught:
        read(tmp_path, **changes)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.place.startswith("analytics/marts/")


def test_a_personal_field_in_clear_is_told_by_the_header() -> None:
    """Only the date of birth is, for the age."""
    library = read_library(find_mesh())
    clear = {
        view: fields
        for name in library.relations
        for view, fields in getattr(library.relations[name].__dict__["header"], "clear", {}).items()
    }
    assert clear == {"customer.customers_clear": ["birth_date"]}


def test_every_number_of_ours_has_a_unit_or_is_a_rank() -> None:
    """So that nobody adds euros to units."""
    unitless = {
        column.name
        for mart in read_library(find_mesh()).marts.values()
        for column in mart.columns
        if not column.unit
    }
    counted = {
        name for name in unitless if name.endswith(("_rate", "_amount", "_units", "revenue", "orders"))
    }
    assert counted == set()


def test_every_file_is_a_mart_or_a_ground_that_one_reads() -> None:
    """None is left over."""
    library = read_library(find_mesh())
    read_by_marts = {name for mart in library.marts for name in library.beneath(mart)}
    assert {path.stem for path in FOLDER.rglob("*.sql")} == set(library.relations) == read_by_marts


def test_an_unknown_mart_is_answered_with_the_nearest(tmp_path: Path) -> None:
    """A ground is none."""
    library = read(tmp_path)
    with pytest.raises(MartError, match="mart-unknown"):
        library.mart("paid")
    with pytest.raises(MartError, match=r"did you mean 'revenue'\?"):
        library.mart("revenu")


def test_the_page_lists_every_mart_with_its_question() -> None:
    """And how it is refreshed."""
    page = (find_root() / "portal" / "docs" / "marts.md").read_text(encoding="utf-8")
    rows = [
        f"| `{name}` | {mart.header.question} | {mart.header.refresh}"
        f"{', every ' + mart.header.every if mart.header.every else ''} |"
        for name, mart in sorted(read_library(find_mesh()).marts.items())
    ]
    assert "\n".join(rows) in page
