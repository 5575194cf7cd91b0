"""Who buys: customers of several kinds, who register, move, rise in the loyalty programme, and leave."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from mesh.simulate.chance import Flags, Floats, Numbers, between, chance, draw
from mesh.simulate.clock import DAY, SECOND, micros
from mesh.simulate.description import Description
from mesh.simulate.places import Places

GENDERS = ("FEMALE", "MALE", "OTHER")
TIERS = ("Bronze", "Silver", "Gold", "Platinum")
YEAR = 365 * DAY
LATELY = 0.25
"""Share of the customers who register in the last two years; of the others more came late than early."""
WRONG_ADDRESS = 0.02
"""Share of e-mail addresses that are mistyped, which the contract warns of."""


@dataclass(frozen=True)
class People:
    """Customers by number. Times in microseconds since 1970-01-01 UTC."""

    accounts: pl.Series
    segments: Numbers
    genders: Numbers
    """Position in :data:`GENDERS`."""
    cities: Numbers
    sizes: Numbers
    eagerness: Floats
    """How many times more than the middling one of the kind a customer orders."""
    registered: Numbers
    leaves: Numbers
    """When the customer stops buying; nobody is told."""
    consent: Flags
    """Who agreed to marketing mail."""
    unreachable: Flags
    """Whose e-mail address is mistyped."""
    addresses: pl.Series
    recorded: pl.DataFrame
    """CustomerRecorded."""


def people(about: Description, places: Places, seed: int, count: int, until: int) -> People:
    """Customers who register between the shop's opening and a moment."""
    numbers = chance(seed, "people")
    kinds = list(about.segments.values())
    segment = draw(numbers, (kind.share for kind in kinds), count)
    gender = draw(numbers, (52, 45, 3), count)
    weights = {
        name: sum(city.share for city in about.cities if city.country == name) for name in about.countries
    }
    shares = [about.countries[c.country].share * c.share / weights[c.country] for c in about.cities]
    city = draw(numbers, shares, count)
    opened = micros(about.opened)
    lately = numbers.random(count) < LATELY
    turn = max(opened, until - 2 * YEAR)
    ago = turn - (numbers.random(count) ** 2.2 * (turn - opened)).astype(np.int64)
    registered = np.where(lately, turn + (numbers.random(count) * (until - turn)).astype(np.int64), ago)
    registered -= registered % SECOND
    stays = np.array([kind.stays for kind in kinds])[segment] * YEAR
    leaves = registered + (numbers.exponential(1.0, count) * stays).astype(np.int64)
    eagerness = numbers.gamma(2.5, 1 / 2.5, count)
    ages = np.array([kind.ages for kind in kinds])[segment]
    born = registered // DAY - (between(numbers, ages[:, 0], ages[:, 1] + 1, count) * 365.25).astype(np.int64)
    accounts = pl.Series([f"{about.source}:c{n:07d}" for n in range(count)])
    streets = _streets(about, numbers, count)
    first = _first_names(about, numbers, gender)
    family = pl.Series(about.people.family).gather(numbers.integers(0, len(about.people.family), count))
    postal = _postal_codes(about, city, numbers)
    income = np.round(between(numbers, 18, 60, count) ** 1.15 * (1 + gender % 2 * 0.05)) * 1000
    income *= np.where(numbers.random(count) < 0.12, 2.2, 1.0)
    children = np.array([kind.children for kind in kinds])
    base = pl.DataFrame(
        {
            "account": accounts,
            "valid_from": registered,
            "occurred_at": registered,
            "seq": np.zeros(count, np.int64),
            "customer_type": pl.Series(["Person"]).new_from_index(0, count),
            "first_name": first,
            "last_name": family,
            "email": _emails(first, family, numbers),
            "phone": _phones(numbers, count),
            "street": streets,
            "birth_date": pl.Series(born.astype("datetime64[D]")).dt.to_string("%Y-%m-%d"),
            "city": pl.Series([one.name for one in about.cities]).gather(city),
            "state": pl.Series([one.state for one in about.cities]).gather(city),
            "country": pl.Series([one.country for one in about.cities]).gather(city),
            "postal_code": postal,
            "gender": pl.Series(GENDERS).gather(gender),
            "education_level": _choice(about.people.education, numbers, count),
            "marital_status": _choice({"Married": 48, "Single": 38, "Divorced": 14}, numbers, count),
            "number_of_children": np.minimum(numbers.poisson(children[segment]), 6),
            "occupation": _choice(about.people.occupations, numbers, count),
            "annual_income": income.astype(np.int64) * 10_000,
            "hobbies": _hobbies(about.people.hobbies, numbers, count),
            "degree_of_loyalty": pl.Series(TIERS).gather(np.zeros(count, np.int64)),
            "social_class": pl.Series(["Lower Class", "Middle Class", "Upper Class"]).gather(
                np.searchsorted([38_000, 105_000], income)
            ),
            "registered_on": (registered // DAY).astype(np.int32),
            "home_location_id": places.stores.gather(places.nearest_store[city]),
            "marketing_consent": numbers.random(count) < 0.62,
        }
    )
    whole = pl.DataFrame([streets.alias("a"), base["city"], postal.alias("b"), base["country"]])
    addresses = whole.select(pl.concat_str(pl.all(), separator=", ")).to_series()
    return People(
        accounts, segment, gender, city, draw(numbers, about.sizes.values(), count), eagerness, registered,
        leaves, base["marketing_consent"].to_numpy(), (~base["email"].str.contains("@")).to_numpy(),
        addresses, pl.concat([base, _later(base, eagerness, leaves, numbers, until, about)]),
    )  # fmt: skip


def _later(
    base: pl.DataFrame, eagerness: Floats, leaves: Numbers, numbers: np.random.Generator, until: int,
    about: Description,
) -> pl.DataFrame:  # fmt: skip
    """A second version of some: a tier of the loyalty programme reached, a move within the city."""
    count = base.height
    joined = base["valid_from"].to_numpy()
    at = joined + (between(numbers, 0.4, 2.5, count) * YEAR).astype(np.int64)
    at -= at % SECOND
    tier = np.digitize(eagerness + numbers.random(count) * 0.5, [1.0, 1.6, 2.4])
    moved = numbers.random(count) < 0.08
    changed = ((tier > 0) | moved) & (at < np.minimum(leaves, until))
    fresh = base.with_columns(
        valid_from=at,
        occurred_at=at,
        degree_of_loyalty=pl.Series(TIERS).gather(tier),
        street=pl.when(pl.Series(moved)).then(_streets(about, numbers, count)).otherwise("street"),
    )
    return fresh.filter(pl.Series(changed))


def _choice(
    weights: dict[str, float] | dict[str, int], numbers: np.random.Generator, count: int
) -> pl.Series:
    return pl.Series(list(weights)).gather(draw(numbers, weights.values(), count))


def _first_names(about: Description, numbers: np.random.Generator, gender: Numbers) -> pl.Series:
    thrown = numbers.random(len(gender))
    lists = [getattr(about.people, name) for name in GENDERS]
    sizes = np.array([len(names) for names in lists])
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    return pl.Series([name for names in lists for name in names]).gather(
        starts[gender] + (thrown * sizes[gender]).astype(np.int64)
    )


def _streets(about: Description, numbers: np.random.Generator, count: int) -> pl.Series:
    street = pl.Series(about.people.streets).gather(numbers.integers(0, len(about.people.streets), count))
    return pl.Series(numbers.integers(1, 400, count)).cast(pl.String) + " " + street


def _emails(first: pl.Series, family: pl.Series, numbers: np.random.Generator) -> pl.Series:
    count = len(first)
    plain = (first + "." + family).str.normalize("NFKD").str.to_lowercase().str.replace_all(r"[^a-z.]", "")
    at = pl.Series(["@mail.example", "@post.example", "@inbox.example"]).gather(numbers.integers(0, 3, count))
    right = plain + pl.Series(numbers.integers(1, 10_000, count)).cast(pl.String) + at
    wrong = pl.Series(numbers.random(count) < WRONG_ADDRESS)
    return right.to_frame("e").select(
        pl.when(wrong).then(pl.col("e").str.replace("@", " at ")).otherwise("e")
    ).to_series()  # fmt: skip


def _phones(numbers: np.random.Generator, count: int) -> pl.Series:
    digits = pl.Series(numbers.integers(0, 10**7, count)).cast(pl.String).str.zfill(7)
    return "+1 555 " + digits.str.slice(0, 3) + " " + digits.str.slice(3)


def _postal_codes(about: Description, city: Numbers, numbers: np.random.Generator) -> pl.Series:
    codes = pl.Series([one.code for one in about.cities]).gather(city)
    for _ in range(max(one.code.count("#") for one in about.cities)):
        digit = pl.Series("d", numbers.integers(0, 10, len(city))).cast(pl.String)
        codes = pl.DataFrame({"c": codes, "d": digit}).select(
            pl.col("c").str.replace("#", pl.col("d"), literal=True)
        ).to_series()  # fmt: skip
    return codes


def _hobbies(hobbies: list[str], numbers: np.random.Generator, count: int) -> pl.Series:
    one = numbers.integers(0, len(hobbies), count)
    other = (one + numbers.integers(1, len(hobbies), count)) % len(hobbies)
    return pl.Series(hobbies).gather(one) + ", " + pl.Series(hobbies).gather(other)
