"""The trade that generators make: a function of the seed, sound by every contract, and worth a model."""

from __future__ import annotations

import polars as pl
import pytest

from mesh.ingest.rules import Judge
from mesh.kernel.contract import Port
from mesh.simulate.clock import DAY, Clock
from mesh.simulate.description import Description
from mesh.simulate.post import Post
from mesh.simulate.run import EVENTS
from mesh.simulate.trade import trade
from tests.unit.mesh.simulate.conftest import SINCE, Year, world_of


def everything(year: Year) -> dict[str, pl.DataFrame]:
    """Dimensions and facts."""
    return {**year.world.dimensions(), **year.events}


def test_the_same_seed_gives_the_same_events(about: Description) -> None:
    """World, orders and all that follows, to the last value."""
    one, other = (world_of(about, customers=300) for _ in range(2))
    for name, events in one.dimensions().items():
        assert events.equals(other.dimensions()[name]), name
    first, lines = trade(one, Clock(SINCE), range(60), "t")
    second, same_lines = trade(other, Clock(SINCE), range(60), "t")
    assert lines.equals(same_lines)
    for name, events in first.items():
        assert events.equals(second[name]), name


def test_another_seed_gives_other_events(about: Description) -> None:
    """Nothing depends on chance alone."""
    first, _ = trade(world_of(about, 1, 300), Clock(SINCE), range(60), "t")
    second, _ = trade(world_of(about, 2, 300), Clock(SINCE), range(60), "t")
    assert not first["OrderPlaced"].equals(second["OrderPlaced"])


@pytest.mark.parametrize("name", EVENTS)
def test_every_event_keeps_its_contract(year: Year, ports: dict[str, Port], name: str) -> None:
    """With the retailer's own value sets; only mistyped e-mail addresses earn a warning."""
    post = Post(ports[name], 1, "strideright", 0)
    events = post.stamped(everything(year)[name])
    lists = {"lines": year.lines} if name == "OrderPlaced" else {}
    judge = Judge(ports[name])
    broken = {
        (rule.field, rule.severity): int(rows.sum())
        for rule, rows in zip(judge.rules, judge.broken(events, lists), strict=True)
        if rows.any()
    }
    assert set(broken) <= {("email", "warning")}
    if name == "CustomerRecorded":
        assert 0 < broken["email", "warning"] < 0.1 * events.height


def test_a_fact_is_told_once_a_revision(year: Year) -> None:
    """Revisions of a payment or parcel follow each other in time."""
    for name, id_ in (("PaymentRecorded", "transaction_id"), ("FulfilmentUpdated", "fulfilment_id")):
        events = year.events[name].sort(id_, "seq")
        assert events.select(id_, "seq").is_unique().all()
        back = events.filter(
            (pl.col(id_) == pl.col(id_).shift()) & (pl.col("occurred_at") < pl.col("occurred_at").shift())
        )
        assert back.is_empty()
        assert (events.group_by(id_).agg(gaps=pl.col("seq").max() + 1 - pl.len())["gaps"] == 0).all()


def test_what_orders_point_to_exists(year: Year) -> None:
    """Products, places, staff, customers and promotions, each known before the order."""
    orders, dimensions = year.events["OrderPlaced"], year.world.dimensions()
    pairs = [
        (year.lines["product_id"], dimensions["ProductDescribed"]["product_id"]),
        (year.lines["promotion_id"], dimensions["PromotionAnnounced"]["promotion_id"]),
        (orders["location_id"], dimensions["LocationDescribed"]["location_id"]),
        (orders["territory_id"], dimensions["LocationDescribed"]["location_id"]),
        (orders["employee_id"], dimensions["EmployeeDescribed"]["employee_id"]),
        (year.events["FulfilmentUpdated"]["ships_from_id"], dimensions["LocationDescribed"]["location_id"]),
    ]
    for found, known in pairs:
        assert found.drop_nulls().is_in(known.implode()).all(), found.name
    registered = dimensions["CustomerRecorded"].group_by("account").agg(pl.col("valid_from").min())
    known = orders.filter(~pl.col("account").str.starts_with("guest:")).join(registered, on="account")
    assert known.height == orders.filter(~pl.col("account").str.starts_with("guest:")).height
    assert (known["valid_from"] < known["ordered_at"]).all()


def test_an_order_that_is_cancelled_is_refunded_and_never_delivered(year: Year) -> None:
    """Nor does anything of it come back."""
    parcels, payments = year.events["FulfilmentUpdated"], year.events["PaymentRecorded"]
    cancelled = parcels.filter(order_status="Cancelled")["order_id"]
    assert len(cancelled) > 50
    for frame in (parcels.filter(order_status="Delivered"), year.events["ReturnRecorded"]):
        assert not frame["order_id"].is_in(cancelled.implode()).any()
    last = payments.sort("seq").unique("order_id", keep="last")
    statuses = last.filter(pl.col("order_id").is_in(cancelled.implode()))["transaction_status"]
    assert set(statuses) == {"refunded"}


def test_cash_on_delivery_is_paid_at_the_door(year: Year) -> None:
    """A payment by COD is completed when the parcel is delivered."""
    paid = year.events["PaymentRecorded"].filter(payment_method="COD", transaction_status="completed")
    came = (
        year.events["FulfilmentUpdated"].filter(order_status="Delivered").select("order_id", "delivered_at")
    )
    joined = paid.join(came, on="order_id")
    assert joined.height == paid.height > 0
    assert (joined["occurred_at"] == joined["delivered_at"]).all()


def test_no_more_comes_back_than_was_bought(year: Year) -> None:
    """Nor is more refunded than was paid for the line."""
    lines = year.lines.with_columns(
        order_id=year.events["OrderPlaced"]["order_id"].gather(year.lines["_parent"])
    )
    back = year.events["ReturnRecorded"].join(lines, on=["order_id", "line_number"])
    assert back.height == year.events["ReturnRecorded"].height > 100
    assert (back["quantity"] <= back["quantity_right"]).all()
    assert (back["amount"] <= back["net_amount"]).all()


def test_what_is_bought_in_a_store_has_a_seller_and_no_carrier(year: Year) -> None:
    """And what is bought online the other way round."""
    orders = year.events["OrderPlaced"]
    for channel, has_seller in (("In-Store", True), ("Online", False)):
        some = orders.filter(channel=channel)
        assert some.height > 500
        assert (some["employee_id"].is_not_null() == has_seller).all()
        assert (some["requested_shipping_method"].is_null() == has_seller).all()


def test_every_value_of_the_sets_is_used(year: Year) -> None:
    """Five methods, three carriers, three statuses, free and paid shipping."""
    payments, parcels = year.events["PaymentRecorded"], year.events["FulfilmentUpdated"]
    assert set(payments["payment_method"]) == {"Credit Card", "PayPal", "COD", "Debit Card", "Apple Pay"}
    assert set(payments["transaction_status"]) == {"pending", "completed", "refunded"}
    assert set(parcels["shipping_method"].drop_nulls()) == {"USPS", "UPS", "FedEx"}
    assert set(parcels["order_status"]) == {"Placed", "Shipped", "Delivered", "Cancelled"}
    shipping = year.events["OrderPlaced"].filter(channel="Online")["shipping_amount"]
    assert (shipping == 0).any()
    assert ((shipping > 0) & (shipping < 100_000)).any()
    assert (shipping > 100_000).any()


def test_seasons_promotions_and_kinds_of_customers_show(year: Year) -> None:
    """Boots in winter, more orders in Black Week, families buy for children."""
    orders = year.events["OrderPlaced"].with_row_index("_parent")
    lines = year.lines.join(
        orders.select(pl.col("_parent").cast(pl.Int64), "ordered_at", "account"), on="_parent"
    )
    products = (
        year.world.dimensions()["ProductDescribed"].unique("product_id").select("product_id", "subcategory")
    )
    lines = lines.join(products, on="product_id").with_columns(
        month=pl.col("ordered_at").cast(pl.Datetime("us")).dt.month()
    )
    boots = lines.filter(subcategory="Boots")
    assert (
        boots.filter(pl.col("month").is_in([11, 12])).height
        > 5 * boots.filter(pl.col("month").is_in([6, 7])).height
    )
    used = orders["promo_code"].drop_nulls().str.head(5).value_counts()
    assert set(used["promo_code"]) == {"SPRIN", "SUMME", "SCHOO", "BLACK", "GIFT2"}
    kinds = pl.DataFrame({"account": year.world.people.accounts, "kind": year.world.people.segments})
    share = (
        lines.join(kinds, on="account")
        .group_by("kind")
        .agg(
            kids=(pl.col("subcategory") == "Kids").mean(), running=(pl.col("subcategory") == "Running").mean()
        )
        .sort("kind")
    )
    names = list(year.world.about.segments)
    assert names[share["kids"].arg_max() or 0] == "families"
    assert names[share["running"].arg_max() or 0] == "runners"


def test_some_customers_lapse_and_some_stay(year: Year) -> None:
    """Both sides of the line of ninety days are there."""
    orders = year.events["OrderPlaced"]
    last = orders.group_by("account").agg(pl.col("ordered_at").max())["ordered_at"]
    end = SINCE + 365 * DAY
    lapsed = (last < end - 90 * DAY).mean()
    assert lapsed is not None
    assert 0.2 < lapsed < 0.8


def test_those_who_are_contacted_order_more_than_the_control_group(year: Year) -> None:
    """Over all campaigns, among those who agreed to mail; before a campaign both order alike."""
    people, campaigns = year.world.people, year.world.campaigns
    orders = year.events["OrderPlaced"].filter(~pl.col("account").str.starts_with("guest:"))

    def orders_each(told: bool, days_before: int) -> float:
        """Orders a customer during the campaigns, or some days before them."""
        placed = members = 0
        for number, (begins, ends) in enumerate(campaigns.started.select("starts_at", "ends_at").iter_rows()):
            reached = campaigns.contacted[number] == told
            among = people.accounts.filter(
                pl.Series(reached & people.consent & (people.registered < begins - 60 * DAY))
            )
            when = pl.col("ordered_at").is_between(begins - days_before * DAY, ends - days_before * DAY)
            placed += orders.filter(when, pl.col("account").is_in(among.implode())).height
            members += len(among)
        return placed / members

    assert orders_each(told=True, days_before=0) > 1.15 * orders_each(told=False, days_before=0)
    before = orders_each(told=False, days_before=35)
    assert orders_each(told=True, days_before=35) == pytest.approx(before, rel=0.15)


def test_only_those_who_agreed_are_contacted_and_what_came_of_it_follows(year: Year) -> None:
    """A mistyped address bounces."""
    people, contacts = year.world.people, year.world.campaigns.contacts
    assert contacts["account"].is_in(people.accounts.filter(pl.Series(people.consent)).implode()).all()
    last = contacts.sort("seq").unique("contact_id", keep="last")
    assert set(last["outcome"]) == {"Sent", "Bounced", "Opened", "Clicked"}
    bounced = last.filter(outcome="Bounced")["account"]
    assert bounced.is_in(people.accounts.filter(pl.Series(people.unreachable)).implode()).all()
    assert (contacts.filter(seq=0)["outcome"] == "Sent").all()


def test_every_online_order_ends_a_session_and_most_sessions_end_without(year: Year) -> None:
    """Of the same account, and begun before."""
    sessions = year.events["WebSessionEnded"]
    orders = year.events["OrderPlaced"].filter(channel="Online")
    joined = orders.join(sessions, on="order_id")
    assert joined.height == orders.height
    assert (joined["account"] == joined["account_right"]).all()
    assert ((joined["started_at"] < joined["ordered_at"]) & (joined["ordered_at"] < joined["ended_at"])).all()
    assert sessions["order_id"].null_count() > orders.height
    assert (sessions["started_at"] < sessions["ended_at"]).all()


def test_more_people_come_into_a_store_than_buy(year: Year) -> None:
    """Every day is counted once, and buyers are among the visitors."""
    counts = year.events["ArrivalsCounted"]
    assert counts.height == 365 * len(year.world.places.stores)
    bought = year.events["OrderPlaced"].filter(channel="In-Store").group_by("location_id").len()
    came = counts.group_by("location_id").agg(pl.col("visitors").sum())
    both = bought.join(came, on="location_id")
    assert both.height == bought.height
    assert (both["visitors"] > 2 * both["len"]).all()


def test_stock_is_counted_every_four_weeks(year: Year) -> None:
    """Each product in each distribution centre, as many a day; some are out, and what is short is ordered."""
    counts = year.events["StockCounted"]
    items = len(year.world.places.centres) * len(year.world.goods.ids)
    assert set(counts.group_by("counted_at").len()["len"]) == {items // 28}
    assert counts.height == 365 * items // 28
    apart = counts.sort("counted_at").select(
        (pl.col("counted_at").diff().over("product_id", "location_id") / DAY).drop_nulls()
    )["counted_at"]
    assert set(apart) == {28}
    assert counts.select("product_id", "location_id").n_unique() == items
    assert 0.005 < (counts["on_hand"] == 0).mean() < 0.05
    assert ((counts["on_hand"] < counts["reorder_level"]) == (counts["on_order"] > 0)).all()


def test_live_trade_is_the_same_trade_in_less_time(about: Description) -> None:
    """Days of trade may be as short as a minute: parcels come within some of them."""
    minute = DAY // 1440
    events, _ = trade(world_of(about, customers=2_000), Clock(SINCE, minute), range(30), "live")
    came = events["FulfilmentUpdated"].filter(order_status="Delivered", shipping_method="UPS")
    days = (came["delivered_at"] - came["shipped_at"]) / minute
    assert 1.4 < (days.min() or 0) < (days.median() or 0) < 4.1
