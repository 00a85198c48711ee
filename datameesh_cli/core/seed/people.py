"""The people both domains know: their contacts with marketing and what they bought.

Both domains make their rows from the same people, so a converted lead's e-mail address is a customer's address by construction.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainValidator

from datameesh_cli.core.schema import Text, Whole, Wrong, declared, key
from datameesh_cli.errors import UserError


def _moment(value: Any) -> datetime.datetime:
    """A plain date means its midnight."""
    if isinstance(value, datetime.datetime):
        return value
    if isinstance(value, datetime.date):
        return datetime.datetime(value.year, value.month, value.day)
    raise Wrong(f"must be a date, not {value!r}", "write for example 2024-01-31 08:15:00")


def _cents(value: Any) -> int:
    try:
        amount = Decimal(str(value)) * 100
    except InvalidOperation:
        amount = Decimal("0.5")
    if isinstance(value, bool) or amount != int(amount) or amount < 0:
        raise Wrong(f"must be an amount with two decimals, not {value!r}", "write for example 1250.00")
    return int(amount)


def _tenths(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0 or round(value * 10) / 10 != value:
        raise Wrong(f"must be a number with one decimal, not {value!r}", "write for example 14.5")
    return round(value * 10)


def _pairs(value: Any) -> Any:
    return list(value.items()) if isinstance(value, Mapping) else value


Moment = Annotated[datetime.datetime, PlainValidator(_moment, json_schema_input_type=datetime.datetime | datetime.date)]
Cents = Annotated[int, PlainValidator(_cents, json_schema_input_type=float | str)]
Tenths = Annotated[int, PlainValidator(_tenths, json_schema_input_type=float)]
Count = Annotated[Whole, Field(ge=1)]
Regions = Annotated[tuple[tuple[Text, Text], ...], BeforeValidator(_pairs, json_schema_input_type=dict[str, Text])]
Words = Annotated[tuple[Text, ...], Field(min_length=1)]


@declared
class Contact:
    """One contact with marketing: a lead."""

    source: Text = key("where it came from", example="Google Ads")
    campaign: Count = key("the campaign's number", example=1)
    at: Moment = key("when")


@declared
class Order:
    """One order. A made-up one has only its moment and its amount."""

    at: Moment = key("when")
    cents: Cents = key("what was agreed", spelt="amount", example="1250.00")
    product: Count | None = key("the product's number", default=None, example=1)
    quantity: Count | None = key("how many", default=None, example=2)
    status: Text | None = key("how far it is", default=None, example="SHIPPED")


@dataclass(frozen=True, slots=True)
class Person:
    """A person; `customer_at` is None for somebody who never bought. `copy` counts the repetitions of a scaled set."""

    name: str
    email: str
    country: str
    region: str
    industry: str
    contacts: tuple[Contact, ...] = ()
    customer_at: datetime.datetime | None = None
    orders: tuple[Order, ...] = ()
    copy: int = 0

    @property
    def pair(self) -> tuple[str, int] | None:
        """The source and campaign of the first contact."""
        return (self.contacts[0].source, self.contacts[0].campaign) if self.contacts else None

    @property
    def cents(self) -> int:
        """What all orders together brought."""
        return sum(order.cents for order in self.orders)


@declared
class Vocabulary:
    """What made-up people are made of: none of these twice."""

    email_domain: Text = key("what stands behind the @", example="example.com")
    first_names: Words = key("first names")
    last_names: Words = key("last names")
    countries: Regions = key("each country's region", min_length=1, example={"Germany": "EMEA"})
    industries: Words = key("industries")

    def __post_init__(self) -> None:
        for name in ("first_names", "last_names", "countries", "industries"):
            words = getattr(self, name)
            if len(set(words)) != len(words):
                raise Wrong(f"{name} must name none twice", "take one of them out")


@declared
class Pair:
    """The totals of one source and campaign, the people written out included."""

    source: Text = key("where the leads came from", example="Google Ads")
    campaign: Count = key("the campaign's number", example=1)
    leads: Whole = key("lead rows", example=120)
    customers: Whole = key("customers won", example=48)
    cents: Cents = key("what they bought", spelt="revenue", example="45600.00")
    tenth_days: Tenths = key(
        "whole days from first contact to conversion: the mean, at one decimal", spelt="average_days", example=14.5
    )
    contacts: Whole = key("lead rows of those customers; without: one each", default=None)

    def __post_init__(self) -> None:
        if self.contacts is None:
            object.__setattr__(self, "contacts", self.customers)
        if not self.customers <= self.contacts <= self.leads:
            raise Wrong("customers <= contacts <= leads does not hold", "contacts are the lead rows of the customers")


@dataclass(frozen=True, slots=True)
class SetDeclaration:
    """One data set: people written out, then totals that made-up people must reach."""

    name: str
    about: str
    people: tuple[Person, ...]
    pairs: tuple[Pair, ...] = ()
    others: int = 0
    others_cents: int = 0
    begin: datetime.datetime | None = None
    end: datetime.datetime | None = None

    @property
    def scalable(self) -> bool:
        """Whether the set can be repeated: totals of made-up people stand for themselves, people written out can be copied."""
        return not self.pairs


@dataclass(frozen=True, slots=True)
class People:
    """All that seed/people.yaml declares."""

    vocabulary: Vocabulary
    sets: tuple[SetDeclaration, ...]
    random: int

    def set_named(self, name: str) -> SetDeclaration:
        """Given a set's name, return it. Raise UserError if there is none of that name."""
        for candidate in self.sets:
            if candidate.name == name:
                return candidate
        raise UserError(f"there is no data set '{name}'", "sets: " + ", ".join(s.name for s in self.sets))
