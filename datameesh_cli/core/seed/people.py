"""The people both domains know: their contacts with marketing and what they bought.

Both domains make their rows from the same people, so a converted lead's e-mail address is a customer's address by construction.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

from datameesh_cli.core.seed.declared import Node
from datameesh_cli.errors import UserError


@dataclass(frozen=True, slots=True)
class Contact:
    """One contact with marketing: a lead."""

    source: str
    campaign: int
    at: datetime.datetime


@dataclass(frozen=True, slots=True)
class Order:
    """One order; product, quantity and status are None where only the amount is declared."""

    at: datetime.datetime
    cents: int
    product: int | None = None
    quantity: int | None = None
    status: str | None = None


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


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What made-up people are made of. `countries` maps a country to its sales region."""

    email_domain: str
    first_names: tuple[str, ...]
    last_names: tuple[str, ...]
    countries: tuple[tuple[str, str], ...]
    industries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """The totals of one source and campaign: lead rows, customers won, lead rows of those customers, cents, average days."""

    source: str
    campaign: int
    leads: int
    customers: int
    contacts: int
    cents: int
    tenth_days: int


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


def people_from(data: object, file: str) -> People:
    """Given the content of seed/people.yaml, return what it declares.

    Raise UserError, naming file and key, for what is not valid.
    """
    root = Node(data, file)
    root.mapping("random", "vocabulary", "people", "sets")
    vocabulary = _vocabulary(root.at("vocabulary"))
    regions = dict(vocabulary.countries)
    groups = {name: _group(node, regions, vocabulary) for name, node in root.at("people").items()}
    sets = tuple(_set(name, node, groups) for name, node in root.at("sets").items())
    if not sets:
        raise root.at("sets").wrong("declares no set")
    return People(vocabulary, sets, root.at("random").whole())


def _vocabulary(node: Node) -> Vocabulary:
    node.mapping("email_domain", "first_names", "last_names", "countries", "industries")
    countries = tuple((name, region.text()) for name, region in node.at("countries").items())
    found = Vocabulary(
        node.at("email_domain").text(),
        node.at("first_names").texts(),
        node.at("last_names").texts(),
        countries,
        node.at("industries").texts(),
    )
    for name in ("first_names", "last_names", "countries", "industries"):
        words = getattr(found, name)
        if not words or len(set(words)) != len(words):
            raise node.at(name).wrong("must name at least one, and none twice")
    return found


def _group(node: Node, regions: Mapping[str, str], vocabulary: Vocabulary) -> tuple[Person, ...]:
    people = []
    for entry in node.entries():
        person = _person(entry, regions)
        if person.name.split(" ", 1)[0] in vocabulary.first_names:
            problem = f"'{person.name}': the first name is in vocabulary.first_names"
            raise entry.at("name").wrong(problem, "take it out there: made-up people could get the same address")
        people.append(person)
    return tuple(people)


def _person(node: Node, regions: Mapping[str, str]) -> Person:
    node.mapping("name", "email", "country", "industry", "contact", "customer", "orders")
    country = node.at("country").text()
    if country not in regions:
        raise node.at("country").wrong(f"'{country}' is not in vocabulary.countries", "add it there, with its region")
    contact, customer = node.at("contact"), node.at("customer")
    if contact.value is None and customer.value is None:
        raise node.wrong("has neither `contact:` nor `customer:`", "a person is a lead, a customer, or both")
    orders = tuple(_order(entry) for entry in node.at("orders").entries())
    if orders and customer.value is None:
        raise node.at("orders").wrong(
            "somebody with orders is a customer", "add `customer:` with the moment of the first order"
        )
    return Person(
        name=node.at("name").text(),
        email=node.at("email").text(),
        country=country,
        region=regions[country],
        industry=node.at("industry").text(),
        contacts=() if contact.value is None else (_contact(contact),),
        customer_at=None if customer.value is None else customer.moment(),
        orders=orders,
    )


def _contact(node: Node) -> Contact:
    node.mapping("source", "campaign", "at")
    return Contact(node.at("source").text(), node.at("campaign").whole(1), node.at("at").moment())


def _order(node: Node) -> Order:
    node.mapping("at", "amount", "product", "quantity", "status")
    return Order(
        node.at("at").moment(),
        node.at("amount").cents(),
        node.at("product").whole(1),
        node.at("quantity").whole(1),
        node.at("status").text(),
    )


def _set(name: str, node: Node, groups: Mapping[str, tuple[Person, ...]]) -> SetDeclaration:
    node.mapping("about", "people", "period", "pairs", "without_contact")
    listed: list[Person] = []
    for entry in node.at("people").entries():
        if entry.text() not in groups:
            raise entry.wrong(f"there is no group '{entry.value}' under `people:`", "groups: " + ", ".join(groups))
        listed += groups[entry.text()]
    emails = [person.email for person in listed]
    if len(set(emails)) != len(emails):
        raise node.at("people").wrong(
            "two people have the same e-mail address", "it joins the domains: each person needs one"
        )
    pairs = tuple(_pair(entry) for entry in node.at("pairs").entries())
    period = node.at("period").entries()
    others = node.at("without_contact")
    if (pairs or others.value is not None) and len(period) != 2:
        problem = "must be the first and the last day of the first contacts"
        raise node.at("period").wrong(problem, "write period: [2024-01-08, 2024-06-30]")
    if others.value is not None:
        others.mapping("customers", "revenue")
    found = SetDeclaration(
        name=name,
        about=node.at("about").text(),
        people=tuple(listed),
        pairs=pairs,
        others=others.at("customers").whole() if others.value is not None else 0,
        others_cents=others.at("revenue").cents() if others.value is not None else 0,
        begin=period[0].moment() if period else None,
        end=period[1].moment() if period else None,
    )
    _check_totals(found, node)
    return found


def _pair(node: Node) -> Pair:
    node.mapping("source", "campaign", "leads", "customers", "contacts", "revenue", "average_days")
    customers = node.at("customers").whole()
    tenth = node.at("average_days").value
    if not isinstance(tenth, (int, float)) or tenth < 0 or round(tenth * 10) / 10 != tenth:
        raise node.at("average_days").wrong(f"must be a number with one decimal, not {tenth!r}")
    return Pair(
        source=node.at("source").text(),
        campaign=node.at("campaign").whole(1),
        leads=node.at("leads").whole(),
        customers=customers,
        contacts=node.at("contacts").whole(default=customers),
        cents=node.at("revenue").cents(),
        tenth_days=round(tenth * 10),
    )


def _check_totals(found: SetDeclaration, node: Node) -> None:
    """Refuse totals that nobody could reach: fewer than the people written out, or more customers than leads."""
    names = [(pair.source, pair.campaign) for pair in found.pairs]
    for index, pair in enumerate(found.pairs):
        at = node.at("pairs").entries()[index]
        listed = [p for p in found.people if p.pair == names[index]]
        buyers = [p for p in listed if p.customer_at]
        if names.count(names[index]) > 1:
            raise at.wrong(f"{pair.source} / {pair.campaign} is declared twice")
        if not pair.customers <= pair.contacts <= pair.leads:
            raise at.wrong(
                "customers <= contacts <= leads does not hold", "contacts are the lead rows of the customers"
            )
        if pair.customers <= len(buyers) or pair.leads - pair.contacts < len(listed) - len(buyers):
            raise at.wrong("the people written out leave nobody to make", "raise customers and leads, or drop people")
        if pair.cents - sum(p.cents for p in buyers) < pair.customers - len(buyers):
            raise at.at("revenue").wrong("is less than what the people written out bought")
    stray = [p for p in found.people if found.pairs and p.pair and p.pair not in names]
    if stray:
        raise node.at("pairs").wrong(f"{stray[0].name}'s source and campaign have no pair")
