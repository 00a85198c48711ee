"""`user` and `security` as text."""

from __future__ import annotations

from collections.abc import Sequence

from datameesh_cli.core.identity.people import password_of
from datameesh_cli.render.output import print_line, print_table, warn
from datameesh_cli.usecases.change_people import Changed, PersonLine
from datameesh_cli.usecases.choose_provider import Behind
from datameesh_cli.usecases.set_mode import ModeNow


def print_people(people: Sequence[PersonLine]) -> None:
    """Given the people, print a line of each."""
    rows = [(p.name, p.display, p.email, ", ".join(p.groups), ", ".join(p.regions)) for p in people]
    print_table(["name", "person", "address", "groups", "regions"], rows)
    print_line("a password: dm credentials NAME-password")


def print_changed(changed: Changed) -> None:
    """Given who was changed, print it, when it holds, and where the password is."""
    when = "in force within a minute" if changed.secrets else "in force when the stack starts: dm up"
    print_line(f"{changed.name} {_verb(changed)}; {when}")
    own = changed.what not in ("added", "removed")
    for context in changed.clusters:
        # What a cluster was applied with are secrets of its own.
        then = f"dm secrets rotate {changed.name} --on k8s --context {context}; then: " if own else ""
        print_line(f"not yet on the cluster of context '{context}': {then}dm k8s apply --context {context}")
    if changed.what != "removed":
        print_line(f"password: dm credentials {password_of(changed.name)}")


def _verb(changed: Changed) -> str:
    return f"is {changed.what}" if changed.what in ("added", "removed") else changed.what


def print_mode(found: ModeNow) -> None:
    """Given the mode, print it, and in yellow what must be known of it."""
    print_line(f"mode {found.mode}" + ("; in force within a minute" if found.secrets else ""))
    warn(found.warning)


def print_behind(found: Behind) -> None:
    """Given what stands behind the sign-in service, print it, and when it holds."""
    if found.providers:
        rows = [(p.name, p.title, p.type, ", ".join(p.outside)) for p in found.providers]
        print_table(["name", "on the page", "speaks", "let out to"], rows)
    else:
        print_line("nothing stands behind the sign-in service: people are those of dm user list")
    if found.secrets:
        print_line("in force within a minute")
