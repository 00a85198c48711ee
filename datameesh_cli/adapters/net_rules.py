"""The rules of a stack's network in the engine's kernel, read and written by nft in a short-lived container of our own image.

The container has the network of the engine's machine and NET_ADMIN and nothing else, so it works where that machine is a virtual
one, too. What it reads comes by standard input and is taken as a whole or not at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from datameesh_cli.adapters import answers, docker
from datameesh_cli.errors import HostError

FOLDER = "net-rules"
"""The service folder that its image is built from."""

_ALONE = (
    *("run", "--rm", "--interactive", "--pull", "never", "--network", "host", "--userns", "host", "--user", "0"),
    *("--cap-drop", "ALL", "--cap-add", "NET_ADMIN", "--security-opt", "no-new-privileges", "--read-only"),
    *("--memory", "64m", "--pids-limit", "16"),
)
_NO_CONTAINER = 125


@dataclass(frozen=True, slots=True)
class Table:
    """What a table holds: its chains, the elements of all its sets as text, and how many packets each refusal counted."""

    chains: frozenset[str]
    elements: frozenset[str]
    refused: dict[str, int]


class Rules(Protocol):
    """What a use case may ask of this file."""

    FOLDER: str

    def put(self, image: str, text: str) -> None: ...
    def look(self, image: str, table: str) -> Table | None: ...
    def tables_of(self, image: str, subnet: str) -> tuple[str, ...]: ...


def put(image: str, text: str) -> None:
    """Given the image and rules, put them into the kernel. Raise HostError, with the reason, where that is not possible."""
    done = docker.run(*_ALONE, image, "-f", "-", stdin=text, timeout=60)
    if done.code == _NO_CONTAINER:
        failed = docker.failure("set the rules of the network", done.err)
        raise HostError(failed.message, failed.hint)
    if done.code:
        raise HostError(
            f"the engine's kernel takes no rules for the network: {_reason(done.err)}",
            "it needs nftables with tables of the bridge family, and an engine that may give NET_ADMIN; "
            "see services/net-rules/README.md",
        )


def look(image: str, table: str) -> Table | None:
    """Given the image and a table's name, return what the kernel holds of it, or None if it is not there."""
    done = docker.run(*_ALONE, image, "--json", "list", "table", "bridge", table, timeout=60)
    if done.code == _NO_CONTAINER:
        failed = docker.failure("look at the rules of the network", done.err)
        raise HostError(failed.message, failed.hint)
    if done.code:
        return None
    with answers.understood("nft"):
        found = answers.json_of("nft", done.out)["nftables"]
        chains = frozenset(o["chain"]["name"] for o in found if "chain" in o)
        sets = [o["set"] for o in found if "set" in o]
        elements = frozenset(_element(e) for s in sets for e in s.get("elem", ()))
        return Table(chains, elements, dict(_refusal(o["rule"]) for o in found if _drops(o)))


def tables_of(image: str, subnet: str) -> tuple[str, ...]:
    """Given the image and a network's addresses, return the tables that have rules for it; none if none can be read."""
    done = docker.run(*_ALONE, image, "--json", "list", "ruleset", "bridge", timeout=60)
    if done.code:
        return ()
    with answers.understood("nft"):
        found = [o["rule"] for o in answers.json_of("nft", done.out)["nftables"] if "rule" in o]
        return tuple(sorted({rule["table"] for rule in found if subnet in _subnets(rule)}))


def _subnets(rule: dict[str, Any]) -> list[str]:
    compared = [part["match"]["right"] for part in rule["expr"] if "match" in part]
    return [_written(right) for right in compared if isinstance(right, dict) and "prefix" in right]


def _reason(text: str) -> str:
    said = [line for line in text.splitlines() if "Error" in line or "not permitted" in line]
    return answers.short((said or text.splitlines() or ["no message"])[0])


def _element(entry: dict[str, Any]) -> str:
    return " . ".join(map(_written, entry["elem"]["val"]["concat"]))


def _written(value: Any) -> str:
    """An address, a network or a port, as rules spell it."""
    return f"{value['prefix']['addr']}/{value['prefix']['len']}" if isinstance(value, dict) else str(value)


def _drops(found: dict[str, Any]) -> bool:
    return "rule" in found and any("drop" in part for part in found["rule"]["expr"])


def _refusal(rule: dict[str, Any]) -> tuple[str, int]:
    return rule["comment"], sum(part["counter"]["packets"] for part in rule["expr"] if "counter" in part)
