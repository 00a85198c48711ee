"""What seed/people.yaml may say, and the people and data sets that it makes."""

from __future__ import annotations

from collections.abc import Mapping

from datameesh_cli.core.schema import Text, Whole, Wrong, declared, key, nearest, read
from datameesh_cli.core.seed.people import (
    Cents,
    Contact,
    Moment,
    Order,
    Pair,
    People,
    Person,
    SetDeclaration,
    Vocabulary,
)
from datameesh_cli.errors import UserError


@declared
class PersonEntry:
    """Somebody who is written out: a lead, a customer, or both."""

    name: Text = key("first and last name", example="Alice Johnson")
    email: Text = key("the address, which joins the domains", example="alice@example.com")
    country: Text = key("one of `vocabulary.countries`", example="Germany")
    industry: Text = key("what the person's company does", example="Retail")
    contact: Contact | None = key("the first contact, which makes a lead", default=None)
    customer: Moment | None = key("the moment of conversion, which makes a customer", default=None)
    orders: tuple[Order, ...] = key("what was bought", default=())

    def __post_init__(self) -> None:
        if self.contact is None and self.customer is None:
            raise Wrong("has neither `contact:` nor `customer:`", "a person is a lead, a customer, or both")
        if self.orders and self.customer is None:
            raise Wrong("somebody with orders is a customer", "add `customer:` with the moment of the first order")
        if any(None in (order.product, order.quantity, order.status) for order in self.orders):
            raise Wrong("an order that is written out has product, quantity and status", "add what is missing")


@declared
class OthersEntry:
    """Customers without any contact: nobody met them as a lead."""

    customers: Whole = key("how many", example=15)
    revenue: Cents = key("what they bought", example="12000.00")


@declared
class SetEntry:
    """One data set: people written out, then totals that made-up people must reach. With `pairs` it cannot be scaled."""

    about: Text = key("what it is for")
    people: tuple[Text, ...] = key("the groups that it begins with", default=(), example=["previewed"])
    period: tuple[Moment, ...] = key(
        "first and last day of the first contacts of made-up people (of conversions, without contact)",
        default=(),
        max_length=2,
    )
    pairs: tuple[Pair, ...] = key("totals of one source and campaign each", default=())
    without_contact: OthersEntry | None = key("customers without any contact", default=None)

    def __post_init__(self) -> None:
        if (self.pairs or self.without_contact) and len(self.period) != 2:
            problem = "`period` must be the first and the last day of the first contacts"
            raise Wrong(problem, "write period: [2024-01-08, 2024-06-30]")


@declared
class PeopleFile:
    """The people both domains know, and the data sets that are made of them."""

    random: Whole = key(
        "the number that everything drawn follows from, with the set's name and the row's own number", example=7
    )
    vocabulary: Vocabulary = key("what made-up people are made of")
    people: Mapping[str, tuple[PersonEntry, ...]] = key("people written out, in groups by name")
    sets: Mapping[str, SetEntry] = key("the data sets, by name", min_length=1)


def people_from(data: object, file: str) -> People:
    """Given the content of seed/people.yaml, return what it declares.

    Raise UserError, naming file and key, for what is not valid.
    """
    said = read(PeopleFile, data, file)
    try:
        groups = {name: _group(name, entries, said.vocabulary) for name, entries in said.people.items()}
        sets = tuple(_set(name, entry, groups) for name, entry in said.sets.items())
    except Wrong as wrong:
        raise UserError(f"{file}: {wrong}", wrong.hint) from wrong
    return People(said.vocabulary, sets, said.random)


def _group(group: str, entries: tuple[PersonEntry, ...], vocabulary: Vocabulary) -> tuple[Person, ...]:
    regions = dict(vocabulary.countries)
    people = []
    for i, said in enumerate(entries):
        place = f"people.{group}[{i}]"
        if said.country not in regions:
            problem = f"`{place}.country`: '{said.country}' is not in vocabulary.countries"
            raise Wrong(problem, "add it there, with its region")
        if said.name.split(" ", 1)[0] in vocabulary.first_names:
            problem = f"`{place}.name`: '{said.name}': the first name is in vocabulary.first_names"
            raise Wrong(problem, "take it out there: made-up people could get the same address")
        contacts = (said.contact,) if said.contact else ()
        region = regions[said.country]
        people.append(
            Person(said.name, said.email, said.country, region, said.industry, contacts, said.customer, said.orders)
        )
    return tuple(people)


def _set(name: str, said: SetEntry, groups: Mapping[str, tuple[Person, ...]]) -> SetDeclaration:
    listed: list[Person] = []
    for i, group in enumerate(said.people):
        if group not in groups:
            problem = f"`sets.{name}.people[{i}]`: there is no group '{group}' under `people:`"
            raise Wrong(problem, nearest(group, groups, "groups"))
        listed += groups[group]
    if len({person.email for person in listed}) != len(listed):
        problem = f"`sets.{name}.people`: two people have the same e-mail address"
        raise Wrong(problem, "it joins the domains: each person needs one")
    others = said.without_contact or OthersEntry(0, 0)
    begin, end = said.period if len(said.period) == 2 else (None, None)
    found = SetDeclaration(name, said.about, tuple(listed), said.pairs, others.customers, others.revenue, begin, end)
    _check_totals(found)
    return found


def _check_totals(found: SetDeclaration) -> None:
    """Refuse totals that nobody could reach: fewer than the people written out, or a source and campaign twice."""
    names = [(pair.source, pair.campaign) for pair in found.pairs]
    for index, pair in enumerate(found.pairs):
        at = f"`sets.{found.name}.pairs[{index}]`"
        listed = [p for p in found.people if p.pair == names[index]]
        buyers = [p for p in listed if p.customer_at]
        if names.count(names[index]) > 1:
            raise Wrong(f"{at}: {pair.source} / {pair.campaign} is declared twice", "take one of them out")
        if pair.customers <= len(buyers) or pair.leads - pair.contacts < len(listed) - len(buyers):
            problem = f"{at}: the people written out leave nobody to make"
            raise Wrong(problem, "raise customers and leads, or drop people")
        if pair.cents - sum(p.cents for p in buyers) < pair.customers - len(buyers):
            raise Wrong(f"{at}: revenue is less than what the people written out bought", "raise it")
    stray = [p for p in found.people if found.pairs and p.pair and p.pair not in names]
    if stray:
        problem = f"`sets.{found.name}.pairs`: {stray[0].name}'s source and campaign have no pair"
        raise Wrong(problem, "add the pair, or correct the person's contact")
