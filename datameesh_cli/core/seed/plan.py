"""From a set's declaration to all its people: those written out, and as many made-up ones as its totals ask for.

The totals are reached exactly, because they are divided, not drawn: the cents of a pair are split over its customers, and the
days to convert are settled on the sum that gives the average. Chance only decides who gets more and who gets less.
"""

from __future__ import annotations

import datetime
import functools
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from datameesh_cli.core.seed.chance import key, mix, settle, split, whole
from datameesh_cli.core.seed.people import Contact, Order, Pair, People, Person, SetDeclaration, Vocabulary
from datameesh_cli.errors import UserError

_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Plan:
    """All people of one set at one scale. Made-up people are in order of time, after those written out."""

    vocabulary: Vocabulary
    random: int
    listed: tuple[Person, ...]
    made: tuple[Person, ...]
    scale: int = 1

    def customers(self) -> Iterator[Person]:
        """Yield the people that bought, in the order of their customer numbers."""
        yield from (person for person in self._written() if person.customer_at)
        made = [(person.customer_at, i) for i, person in enumerate(self.made) if person.customer_at]
        yield from (self.made[i] for _, i in sorted(made))

    def contacts(self) -> Iterator[tuple[Person, Contact]]:
        """Yield the contacts with marketing, each with its person, in the order of the lead numbers."""
        yield from ((person, contact) for person in self._written() for contact in person.contacts)
        made = [(contact.at, i, j) for i, person in enumerate(self.made) for j, contact in enumerate(person.contacts)]
        yield from ((self.made[i], self.made[i].contacts[j]) for _, i, j in sorted(made))

    def _written(self) -> Iterator[Person]:
        """The people written out, then their copies: other names and addresses, dates moved, everything else the same."""
        yield from self.listed
        for copy in range(1, self.scale):
            later = datetime.timedelta(days=copy % 365)
            for j, person in enumerate(self.listed):
                number = (copy - 1) * len(self.listed) + j
                name, email = _identity(self.vocabulary, number)
                yield replace(
                    person,
                    name=name,
                    email=email,
                    copy=copy,
                    contacts=tuple(replace(contact, at=contact.at + later) for contact in person.contacts),
                    customer_at=person.customer_at + later if person.customer_at else None,
                    orders=tuple(replace(order, at=order.at + later) for order in person.orders),
                )


def plan(people: People, name: str, scale: int = 1) -> Plan:
    """Given the declarations, a set's name and a scale, return all its people. Raise UserError for what cannot be made."""
    declared = people.set_named(name)
    if scale < 1:
        raise UserError(f"--scale {scale} is not possible", "give a whole number from 1")
    if scale > 1 and not declared.scalable:
        fits = ", ".join(s.name for s in people.sets if s.scalable)
        raise UserError(f"set '{name}' has exact totals and cannot be scaled", f"sets that can be: {fits}")
    made: list[Person] = []
    seed = mix(people.random, key(name))
    for pair in declared.pairs:
        made += _pair(declared, pair, people.vocabulary, len(made), seed)
    made += _others(declared, people.vocabulary, len(made), seed)
    return Plan(people.vocabulary, people.random, declared.people, tuple(made), scale)


def _identity(words: Vocabulary, number: int) -> tuple[str, str]:
    """Given a number, return a name and an address: no name twice before all have had their turn, no address twice ever."""
    total = len(words.first_names) * len(words.last_names)
    turn, place = divmod(number, total)
    first, last = divmod(place * _stride(total) % total, len(words.last_names))
    names = words.first_names[first], words.last_names[last]
    local = ".".join(names).lower().replace(" ", "-")
    return " ".join(names), f"{local}{turn + 1 if turn else ''}@{words.email_domain}"


@functools.cache
def _stride(total: int) -> int:
    """A step that visits all of `total` places before it comes back, and looks as if it jumped."""
    return next(step for step in range(round(total * 0.618) or 1, 2 * total + 2) if math.gcd(step, total) == 1)


def _made_person(words: Vocabulary, number: int, seed: int) -> Person:
    country, region = words.countries[mix(seed, number, 1) % len(words.countries)]
    industry = words.industries[mix(seed, number, 2) % len(words.industries)]
    return Person(*_identity(words, number), country=country, region=region, industry=industry)


def _pair(declared: SetDeclaration, pair: Pair, words: Vocabulary, first: int, seed: int) -> list[Person]:
    """Make the people of one source and campaign that the people written out leave to be made."""
    listed = [p for p in declared.people if p.pair == (pair.source, pair.campaign)]
    buyers = [p for p in listed if p.customer_at]
    seed = mix(seed, key(pair.source), pair.campaign)
    count = pair.customers - len(buyers)
    days = _days(declared, pair, buyers, count, seed)
    cents = split(pair.cents - sum(p.cents for p in buyers), [whole(60, 180, seed, i, 3) for i in range(count)])
    rows = pair.contacts - len(buyers)
    people = []
    for i in range(count):
        person = _made_person(words, first + i, seed)
        at = _first_contact(declared, seed, i)
        won = at + datetime.timedelta(days=days[i], seconds=whole(600, 80_000, seed, i, 4))
        touches = rows // count + (1 if i < rows % count else 0)
        gap = (won - at) / touches
        times = [(at + gap * touch).replace(microsecond=0) for touch in range(touches)]
        contacts = tuple(Contact(pair.source, pair.campaign, time) for time in times)
        people.append(replace(person, contacts=contacts, customer_at=won, orders=_orders(won, cents[i], seed, i)))
    for i in range(count, count + pair.leads - pair.contacts - (len(listed) - len(buyers))):
        contact = Contact(pair.source, pair.campaign, _first_contact(declared, seed, i))
        people.append(replace(_made_person(words, first + i, seed), contacts=(contact,)))
    return people


def _days(declared: SetDeclaration, pair: Pair, buyers: list[Person], count: int, seed: int) -> list[int]:
    """Return whole days to convert such that the average over all customers of the pair is the declared one."""
    known = sum((p.customer_at - p.contacts[0].at).days for p in buyers if p.customer_at)
    total = (pair.tenth_days * pair.customers + 5) // 10
    middle = max(1, pair.tenth_days // 10)
    drawn = [1 + (whole(0, middle - 1, seed, i, 5) + whole(0, middle - 1, seed, i, 6)) for i in range(count)]
    try:
        return settle(drawn, total - known, 0, 4 * middle + 4)
    except ValueError as impossible:
        where = f"set '{declared.name}', {pair.source} / {pair.campaign}, average_days {pair.tenth_days / 10}"
        raise UserError(f"{where} cannot be reached: {impossible}", "see seed/README.md") from impossible


def _first_contact(declared: SetDeclaration, seed: int, i: int) -> datetime.datetime:
    assert declared.begin and declared.end
    day = whole(0, (declared.end - declared.begin).days, seed, i, 7)
    return declared.begin + datetime.timedelta(days=day, seconds=whole(7 * 3600, 21 * 3600, seed, i, 8))


def _orders(won: datetime.datetime, cents: int, seed: int, i: int) -> tuple[Order, ...]:
    """Split what a customer spent into one to four orders, the first at the moment of conversion."""
    count = min(cents, 1 + mix(seed, i, 9) % 4)
    parts = split(cents, [whole(40, 100, seed, i, 10, j) for j in range(count)])
    at, orders = won, []
    for j, part in enumerate(parts):
        orders.append(Order(at, part))
        at += datetime.timedelta(seconds=whole(5 * _DAY, 45 * _DAY, seed, i, 11, j))
    return tuple(orders)


def _others(declared: SetDeclaration, words: Vocabulary, first: int, seed: int) -> list[Person]:
    """Make the customers that marketing never met."""
    seed = mix(seed, key("without_contact"))
    cents = (
        split(declared.others_cents, [whole(60, 180, seed, i, 3) for i in range(declared.others)])
        if declared.others
        else []
    )
    people = []
    for i, share in enumerate(cents):
        won = _first_contact(declared, seed, i)
        people.append(
            replace(_made_person(words, first + i, seed), customer_at=won, orders=_orders(won, share, seed, i))
        )
    return people
