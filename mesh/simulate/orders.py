"""The orders of some days: who buys, when, where, what, and for how much."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from mesh.simulate.campaigns import HEEDED, UNHEARD
from mesh.simulate.chance import Flags, Floats, Numbers, chance, draw, draw_each
from mesh.simulate.clock import Clock, months, weekdays
from mesh.simulate.offers import NONE
from mesh.simulate.staff import A_STORE
from mesh.simulate.world import World

GUESTS = 0.03
"""Share of the online orders that nobody signs in for."""
ELSEWHERE = 0.08
"""Share of the in-store orders that are placed at another store than the nearest."""
BESIDE = 0.45
"""How often a further line goes with the first."""
MOST_LINES = 8
IN_STORE, ONLINE = 0, 1
CENT = 100
"""Wire units of a cent: amounts have four decimals."""


@dataclass(frozen=True)
class Orders:
    """The orders of some days as columns; what follows an order is made of them.

    Amounts are wire units, 1/10,000 of the order's currency.
    """

    ids: pl.Series
    accounts: pl.Series
    customers: Numbers
    times: Numbers
    online: Flags
    countries: Numbers
    currencies: pl.Series
    rates: Numbers
    """Wire units of the exchange rate."""
    stores: Numbers
    """Where it was bought, of an in-store order."""
    carriers: Numbers
    totals: Numbers
    line_orders: Numbers
    """The order of each line."""
    line_numbers: Numbers
    models: Numbers
    quantities: Numbers
    nets: Numbers
    placed: pl.DataFrame
    """OrderPlaced without its lines."""
    lines: pl.DataFrame
    """The lines, with the position of their order as ``_parent``."""

    @property
    def count(self) -> int:
        """How many orders there are."""
        return len(self.times)


def orders(world: World, clock: Clock, days: range, tag: str) -> Orders:
    """The orders of some days of trade; ``tag`` tells the ids of one run from those of another."""
    numbers = chance(world.seed, f"orders {tag}", days.start)
    customers, times = _moments(world, clock, days, numbers)
    count = len(times)
    about, buyers, where = world.about, world.people, world.places
    segments = buyers.segments[customers]
    kinds = list(about.segments.values())
    online = numbers.random(count) < np.array([kind.online for kind in kinds])[segments]
    cities = buyers.cities[customers]
    countries = where.city_countries[cities]
    ids = pl.select(
        pl.format(f"{about.source}:{tag}.{days.start}.{{}}", pl.int_range(1, count + 1))
    ).to_series().rename("order_id")  # fmt: skip
    guests = pl.Series(online & (numbers.random(count) < GUESTS))
    accounts = pl.DataFrame([buyers.accounts.gather(customers).alias("a"), ids]).select(
        account=pl.when(guests).then(pl.format("guest:{}", "order_id")).otherwise("a")
    ).to_series()  # fmt: skip
    stores = _stores(world, cities, countries, numbers)
    sellers = world.staff.ids.gather(world.staff.seller(stores, numbers.integers(0, A_STORE, count)))
    carriers = draw(numbers, (carrier.share for carrier in about.carriers.values()), count)
    promotions = world.offers.at(times)
    heeded = numbers.random(count) < np.array([kind.promo for kind in kinds])[segments]
    promotions = np.where(heeded, promotions, NONE)
    line_orders, line_numbers, products, quantities = _lines(world, customers, times, segments, numbers)
    rates = np.array([round(country.rate * 10**8) for country in about.countries.values()])[countries]
    units = _local(world.goods.price(products, times[line_orders]), rates[line_orders])
    gross = quantities * units
    given = promotions[line_orders]
    covered = (given != NONE) & world.offers.covers[given, world.goods.kinds[world.goods.model(products)]]
    discounts = np.where(covered, _cents(gross * world.offers.rates[given]), 0)
    nets = gross - discounts
    subtotals = np.bincount(line_orders, nets, count).astype(np.int64)
    taxes = _cents(subtotals * np.array([c.tax for c in about.countries.values()])[countries])
    free = subtotals * rates >= about.free_shipping_from * 10**12
    prices = np.array([round(carrier.price * 100) for carrier in about.carriers.values()])[carriers]
    shipping = np.where(online & ~free, _local(prices, rates), 0)
    totals = subtotals + taxes + shipping
    used = np.bincount(line_orders, covered, count) > 0
    promised = np.array([carrier.days[1] + 2.0 for carrier in about.carriers.values()])[carriers]
    currencies = pl.Series([country.currency for country in about.countries.values()]).gather(countries)
    placed = pl.DataFrame(
        {
            "order_id": ids,
            "account": accounts,
            "seq": np.zeros(count, np.int64),
            "occurred_at": times,
            "ordered_at": times,
            "channel": pl.Series(["In-Store", "Online"]).gather(online.astype(np.int64)),
            "location_id": where.stores.gather(stores),
            "territory_id": where.territories.gather(countries),
            "employee_id": sellers,
            "currency": currencies,
            "fx_rate": rates,
            "promised_at": times + clock.span(promised),
            "requested_shipping_method": pl.Series(list(about.carriers)).gather(carriers),
            "promo_code": world.offers.codes.gather(np.maximum(promotions, 0)),
            "subtotal_amount": subtotals,
            "tax_amount": taxes,
            "shipping_amount": shipping,
            "total_amount": totals,
            "shipping_address": buyers.addresses.gather(customers),
            "billing_address": buyers.addresses.gather(customers),
        }
    )
    is_online = pl.Series(online)
    placed = placed.with_columns(
        pl.when(is_online).then(pl.col("promised_at", "requested_shipping_method", "shipping_address")),
        location_id=pl.when(is_online).then(where.platforms.gather(countries)).otherwise("location_id"),
        employee_id=pl.when(~is_online).then("employee_id"),
        promo_code=pl.when(pl.Series(used)).then("promo_code"),
    )
    lines = pl.DataFrame(
        {
            "_parent": line_orders,
            "line_number": line_numbers,
            "product_id": world.goods.ids.gather(products),
            "quantity": quantities,
            "unit_price": units,
            "gross_amount": gross,
            "discount_amount": discounts,
            "net_amount": nets,
            "promotion_id": world.offers.ids.gather(np.maximum(given, 0)),
        }
    ).with_columns(promotion_id=pl.when(pl.Series(covered)).then("promotion_id"))
    return Orders(
        ids, accounts, customers, times, online, countries, currencies, rates, stores, carriers, totals,
        line_orders, line_numbers, world.goods.model(products), quantities, nets, placed, lines,
    )  # fmt: skip


def _moments(
    world: World, clock: Clock, trade: range, numbers: np.random.Generator
) -> tuple[Numbers, Numbers]:
    """Who orders, and when; in order of time."""
    buyers, about = world.people, world.about
    days = clock.moments(np.array(trade) + 0.5)
    season = np.array(about.months)[months(days)] * np.array(about.weekdays)[weekdays(days)]
    groups, factors = _promoted(world, days)
    kinds = list(about.segments.values())
    usual = np.array([kind.orders / 365 for kind in kinds])[
        np.arange(len(factors)) // (len(factors) // len(kinds))
    ]
    daily = usual[:, None] * season * factors
    wanted = numbers.poisson(daily.sum(axis=1)[groups] * buyers.eagerness)
    customers = np.repeat(np.arange(len(wanted)), wanted)
    day = draw_each(numbers, np.cumsum(daily, axis=1)[groups[customers]])
    hour = draw(numbers, about.hours, len(customers))
    at = trade.start + day + (hour + numbers.random(len(customers))) / 24
    times = clock.moments(at)
    here = (buyers.registered[customers] < times) & (times < buyers.leaves[customers])
    customers, times = customers[here], times[here]
    order = np.argsort(times, kind="stable")
    return customers[order], times[order]


def _promoted(world: World, days: Numbers) -> tuple[Numbers, Floats]:
    """The group of each customer, and how many times as much each group (row) orders on each day (column).

    Customers are grouped by kind and by which of the running campaigns have reached them.
    """
    running = world.offers.at(days)
    campaign = np.where(running == NONE, NONE, world.campaigns.of_promotion[running])
    on = np.unique(campaign[campaign != NONE])
    masks = np.arange(2 ** len(on))
    groups = world.people.segments * len(masks)
    for bit, number in enumerate(on):
        groups = groups + (world.campaigns.contacted[number].astype(np.int64) << bit)
    heeds = np.array([kind.promo for kind in world.about.segments.values()])
    lifts = np.where(running == NONE, 1.0, world.offers.lifts[running]) - 1
    told = np.full((len(masks), len(days)), 1.0)
    for bit, number in enumerate(on):
        told[:, campaign == number] = np.where(masks >> bit & 1, HEEDED, UNHEARD)[:, None]
    factors = 1 + heeds[:, None, None] * (told * lifts)[None]
    return groups, factors.reshape(-1, len(days))


def _stores(world: World, cities: Numbers, countries: Numbers, numbers: np.random.Generator) -> Numbers:
    """The nearest store, and now and then another one of the same country."""
    where = world.places
    nearest = where.nearest_store[cities]
    of_country = where.city_countries[where.store_cities]
    weights = np.cumsum(of_country == np.arange(len(where.territories))[:, None], axis=1, dtype=np.float64)
    other = draw_each(numbers, weights[countries])
    return np.where(numbers.random(len(cities)) < ELSEWHERE, other, nearest)


def _lines(
    world: World, customers: Numbers, times: Numbers, segments: Numbers, numbers: np.random.Generator
) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """Order, number, product and quantity of each line."""
    goods, buyers, about = world.goods, world.people, world.about
    more = np.array([kind.lines for kind in about.segments.values()])[segments] - 1
    counts = 1 + np.minimum(numbers.poisson(more), MOST_LINES - 1)
    orders = np.repeat(np.arange(len(counts)), counts)
    starts = np.cumsum(counts) - counts
    line_numbers = np.arange(len(orders)) - starts[orders] + 1
    buyer = customers[orders]
    model = draw_each(numbers, world.appeal[segments[orders], buyers.genders[buyer], months(times)[orders]])
    beside = draw_each(numbers, world.beside[goods.kinds[model[starts]][orders]])
    model = np.where((line_numbers > 1) & (numbers.random(len(orders)) < BESIDE), beside, model)
    other_size = draw(numbers, about.sizes.values(), len(orders))
    size = np.where(numbers.random(len(orders)) < 0.85, buyers.sizes[buyer], other_size)
    colour = draw(numbers, about.colours.values(), len(orders))
    cheap = np.array([one.price < 25 for one in about.models])[model]
    quantities = 1 + np.where(cheap, numbers.poisson(1.2, len(orders)), numbers.random(len(orders)) < 0.06)
    return orders, line_numbers, goods.product(model, size, colour), quantities.astype(np.int64)


def _local(cents: Numbers, rates: Numbers) -> Numbers:
    """US cents in a currency, to its cent, in wire units."""
    return np.round(cents * (10**8 / rates)).astype(np.int64) * CENT


def _cents(amounts: Floats) -> Numbers:
    """Wire units, to the cent."""
    return np.round(amounts / CENT).astype(np.int64) * CENT
