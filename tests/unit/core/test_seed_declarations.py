"""A mistake in seed/*.yaml is one line that names file and key, and nothing else happens."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from datameesh_cli.core.seed.dataset import dataset_from
from datameesh_cli.core.seed.people_file import people_from
from datameesh_cli.core.seed.plan import plan
from datameesh_cli.errors import UserError

SEED = Path(__file__).parents[3] / "seed"
PEOPLE = yaml.safe_load((SEED / "people.yaml").read_text())
SALES = yaml.safe_load((SEED / "sales" / "dataset.yaml").read_text())
Spoil = Callable[[Any], Any]


def put(*path: Any) -> Spoil:
    """Return what sets the value at a path (all but the last argument) to the last argument."""

    def spoil(data: Any) -> None:
        *way, last, value = path
        for step in way:
            data = data[step]
        data[last] = value

    return spoil


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (put("sets", "small", "people", ["strangers"]), "`sets.small.people[0]`: there is no group 'strangers'"),
        (put("sets", "journey", "pairs", 0, "leads", 100), "`sets.journey.pairs[0]`: customers <= contacts <= leads"),
        (put("sets", "journey", "pairs", 0, "revenue", "x"), "`sets.journey.pairs[0].revenue`: must be an amount"),
        (put("sets", "journey", "pairs", 0, "revenue", 10), "`sets.journey.pairs[0]`: revenue is less than what"),
        (put("sets", "journey", "pairs", 0, "average_days", 7.25), "pairs[0].average_days`: must be a number with one"),
        (put("sets", "journey", "pairs", 0, "source", "Radio"), "Alice Johnson's source and campaign have no pair"),
        (put("sets", "journey", "period", []), "`period` must be the first and the last day"),
        (
            put("people", "previewed", 0, "orders", 0, "status", None),
            "that is written out has product, quantity and status",
        ),
        (put("people", "previewed", 0, "customer", None), "`people.previewed[0]`: somebody with orders is a customer"),
        (put("sets", "small", "colour", "red"), "`sets.small` has no key 'colour'"),
        (put("people", "previewed", 0, "country", "Atlantis"), "'Atlantis' is not in vocabulary.countries"),
        (put("people", "previewed", 0, "email", None), "`people.previewed[0].email` is empty"),
        (put("people", "previewed", 0, "email", "bob@example.com"), "two people have the same e-mail address"),
        (put("people", "previewed", 0, "customer", "soon"), "`people.previewed[0].customer`: must be a date"),
        (put("people", "previewed", 0, "name", "Maya Johnson"), "the first name is in vocabulary.first_names"),
        (put("vocabulary", "industries", ["Retail", "Retail"]), "`vocabulary`: industries must name none twice"),
        (put("random", "seven"), "`random` must be a whole number"),
        (put("sets", {}), "`sets` must be a mapping that is not empty, it is {}"),
    ],
)
def test_a_mistake_in_people_is_named(spoil: Spoil, said: str) -> None:
    data = copy.deepcopy(PEOPLE)
    spoil(data)
    with pytest.raises(UserError) as refused:
        people_from(data, "seed/people.yaml")
    assert refused.value.message.startswith("seed/people.yaml: ")
    assert said in refused.value.message
    assert "\n" not in refused.value.message
    assert refused.value.hint


COLUMNS = ("tables", "customers", "columns")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (put("tables", "customers", "each", "martian"), "tables.customers.each: a row cannot stand for 'martian'"),
        (put(*COLUMNS, "email", {"about": "x", "field": "mail"}), "columns.email`: there is no field 'mail'"),
        (put(*COLUMNS, "email", {"about": "x"}), "columns.email`: must say in one way"),
        (put(*COLUMNS, "email", {"about": "x", "pick": ["a"], "whole": [1, 2]}), "columns.email`: must say in one way"),
        (put(*COLUMNS, "email", {"field": "email"}), "columns.email`: `about` is missing"),
        (put(*COLUMNS, "phone", {"about": "x", "text": "555", "number": 1}), "columns.phone.text` cannot be '555'"),
        (put(*COLUMNS, "phone", {"about": "x", "whole": [9, 1]}), "columns.phone.whole`: must be two whole numbers"),
        (
            put("tables", "events_big", "counts", {"pushdown": 1001}),
            "events_big`: counts.pushdown must be a multiple of 1000",
        ),
        (put("tables", "events_big", "counts", {"huge": 1000}), "counts`: there is no data set 'huge'"),
        (put("tables", "products", "rows", "values", 0, [1, "Laptop"]), "rows`: values[0] has 2 values for 4 fields"),
        (put("tables", "products", "rows", "values", 0, 3, 1250.5), "rows.values[0][3]`: write 1250.5 in quotes"),
        (put("tables", "customer_pii", "first", [[1]]), "customer_pii`: first[0] has 1 values for 4 columns"),
        (put("database", "port", 5432), "`database` has no key 'port'"),
        (put(*COLUMNS, "email", {"about": "x", "share": 10}), "columns.email`: `share` is for numbered tables only"),
        (put(*COLUMNS, "email", {"about": "x", "constant": 1, "days": 7}), "`days` does not go with `constant`"),
        (put(*COLUMNS, "phone", {"about": "x", "text": "555-{}"}), "columns.phone`: `text` needs `number`"),
        (put(*COLUMNS, "email", {"about": "x", "feild": "email"}), "columns.email` has no key 'feild'"),
        (put("tables", "inventory", "columns", "product_id", "of", "order"), "'order' is not a table with listed rows"),
        (put("tables", "products", "rows", None), "products`: `rows` is missing"),
        (put("raw", ["custmers"]), "raw[0]: there is no table 'custmers'"),
        (put("tables", None), "`tables` is empty"),
    ],
)
def test_a_mistake_in_a_dataset_is_named(spoil: Spoil, said: str) -> None:
    data = copy.deepcopy(SALES)
    spoil(data)
    with pytest.raises(UserError) as refused:
        dataset_from(data, "sales", "seed/sales/dataset.yaml", ("small", "pushdown"))
    assert refused.value.message.startswith("seed/sales/dataset.yaml: ")
    assert said in refused.value.message
    assert refused.value.hint


def test_an_average_that_cannot_be_reached_is_named() -> None:
    data = copy.deepcopy(PEOPLE)
    data["sets"]["journey"]["pairs"][0]["average_days"] = 0.0
    with pytest.raises(UserError, match=r"Google Ads / 1, average_days 0\.0 cannot be reached"):
        plan(people_from(data, "seed/people.yaml"), "journey")


@pytest.mark.parametrize(
    ("name", "scale", "said"),
    [("nope", 1, "no data set 'nope'"), ("journey", 2, "cannot be scaled"), ("small", 0, "--scale 0")],
)
def test_a_set_or_scale_that_is_none_is_refused(name: str, scale: int, said: str) -> None:
    with pytest.raises(UserError, match=said):
        plan(people_from(PEOPLE, "seed/people.yaml"), name, scale)
