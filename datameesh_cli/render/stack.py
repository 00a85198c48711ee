"""`up`, `down`, `status`, `urls`, `credentials`, `why` as text."""

from __future__ import annotations

from collections.abc import Sequence

from datameesh_cli.core.health import ServiceState
from datameesh_cli.core.memory import format_mib
from datameesh_cli.render.live import LiveView
from datameesh_cli.render.network import unguarded
from datameesh_cli.render.output import print_line, print_table, report, warn
from datameesh_cli.render.plan import print_plan
from datameesh_cli.usecases.show_status import Address, Credential, Reason, Status
from datameesh_cli.usecases.start_profile import Started
from datameesh_cli.usecases.stop_stack import Stopped


class StartProgress(LiveView):
    """The live view of `up`: on a terminal one line per service, redrawn; elsewhere one line per change of state."""

    stays = True

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[str, str] = {}

    def show(self, states: Sequence[ServiceState], elapsed: float) -> None:
        """Given the services' states after `elapsed` seconds, show what is new."""
        lines = [f"  {_sign(s)} {s.service:<22} {s.state} {s.detail}" for s in states]
        if self.draw(*lines, f"  {elapsed:5.1f} s", styles=[*map(_style, states), "dim"]):
            return
        for state in states:
            if self._seen.get(state.service) != state.state:
                self._seen[state.service] = state.state
                report(f"  {elapsed:5.1f} s  {state.service:<22} {state.state} {state.detail}".rstrip())


def _sign(state: ServiceState) -> str:
    return "✓" if state.ok else "✗" if state.hopeless else "·"


def _style(state: ServiceState) -> str:
    return "green" if state.ok else "red" if state.hopeless else "yellow"


def print_started(started: Started) -> None:
    """Given a stack that was started, print its size and the next step; after a dry run, the plan."""
    plan = started.planned.plan
    if started.dry_run:
        print_plan(started.planned)
        print_line("Nothing was started (--dry-run).")
        return
    for name, reason in plan.left_out.items():
        print_line(f"{name}: {reason}")
    warn(started.warning)
    print_line(
        f"{len(started.states)} services healthy in {started.seconds:.1f} s, "
        f"limits {plan.total} of {plan.budget} MiB. Next: dm urls, dm seed, dm sql"
    )


def print_stopped(stopped: Stopped) -> None:
    """Given what `down` removed, print it and what stays."""
    if stopped.namespace:
        print_line(f"removed {stopped.containers} containers of namespace {stopped.namespace}; the others stay")
        return
    if stopped.services is not None:
        for warning in stopped.warnings:
            report(warning)
        what = f"removed {', '.join(stopped.services)}" if stopped.services else "nothing of it was there"
        print_line(f"{what}; the rest and the data stay. dm up NAME brings it back")
        return
    network = "" if stopped.network_kept else " and the network"
    print_line(f"removed {stopped.containers} containers{network} of {stopped.project}")
    if stopped.network_kept:
        print_line("the network stays until the engine is restarted: it counts a container on it that is gone")
    if stopped.volumes_removed:
        secrets = "" if stopped.volumes_kept else ", and the secrets"
        print_line(f"removed {len(stopped.volumes_removed)} volumes with their data{secrets}")
    if stopped.secrets_kept and not stopped.volumes_kept:
        print_line(f"{len(stopped.secrets_kept)} secrets stay: an export was applied to a cluster with them")
    if stopped.volumes_kept and not stopped.volumes_removed:
        print_line(f"data stays in {len(stopped.volumes_kept)} volumes; remove it with: dm down --volumes")


def print_status(status: Status) -> None:
    """Given the stack's status, print a line per service."""
    if not status.running:
        print_line(f"stack '{status.name}' is not running; start it with: dm up")
        return
    measured = any(s.used is not None for s in status.services)
    rows = [
        (
            *(s.service, s.namespace, f"{s.state} {s.detail}".strip(), s.limit),
            *([s.used] if measured else []),
            *(s.restarts or "", " ".join(map(str, s.ports)), s.image),
        )
        for s in status.services
    ]
    used = ["used MiB"] if measured else []
    columns = ["service", "namespace", "state", "limit MiB", *used, "restarts", "ports", "image"]
    print_table(columns, rows, right=["limit MiB", *used, "restarts"])
    for name, reason in status.left_out.items():
        print_line(f"{name}: {reason}")
    well = "all well" if status.healthy else "NOT well: dm why <service>"
    if status.warning:
        print_line(status.warning)
    warn(status.mode_warning)
    warn(status.rotation)
    warn(unguarded(status.network))
    print_line(f"{status.selection}; budget {format_mib(status.budget)}; {well}")


def print_places(places: Sequence[Address]) -> None:
    """Given the places, print where each is, who logs in, and what one can do there."""
    rows = [(p.title, p.url, _login(p), "; ".join(p.can)) for p in places]
    print_table(["what", "where", "login", "one can"], rows)


def _login(place: Address) -> str:
    if place.user and place.secret:
        return f"{place.user} / dm credentials {place.secret}"
    return f"{place.user}, no password" if place.user else "none"


def print_credentials(credentials: Sequence[Credential]) -> None:
    """Given the credentials, print them with their users; a single one is printed bare, for use in a script."""
    if len(credentials) == 1:
        print_line(credentials[0].value)
        return
    print_table(["secret", "value", "used by"], [(c.name, c.value, ", ".join(c.used_by)) for c in credentials])


def print_reason(reason: Reason) -> None:
    """Given what is known of a service, print it."""
    service = reason.service
    print_line(f"{service.name}: {reason.summary}")
    facts = [
        ("profile", service.profile),
        ("namespace", service.namespace),
        ("layer, owner", f"{service.layer}, {service.owner}"),
        ("image", service.image),
        ("waits for", ", ".join(service.depends_on) or "nothing"),
        ("waited for by", ", ".join(reason.needed_by) or "nobody"),
        ("memory", _memory(reason)),
        ("measured", service.ram.measured),
        ("state", f"{reason.state.state} {reason.state.detail}".strip() if reason.state else "not running"),
    ]
    if reason.first_broken and reason.first_broken.service != service.name:
        facts.append(
            (
                "first broken link",
                f"{reason.first_broken.service}: {reason.first_broken.state} {reason.first_broken.detail}",
            )
        )
    if reason.last_error:
        facts.append(("last error", reason.last_error))
    for name, value in facts:
        print_line(f"  {name:<18} {value}")


def _memory(reason: Reason) -> str:
    ram = reason.service.ram
    span = f"min {ram.min}, wants {ram.want} MiB"
    if reason.left_out:
        return f"{span}; {reason.left_out}"
    if not reason.share:
        return span
    heap = f", heap {reason.share.heap}" if reason.share.heap else ""
    return f"{span}; gets {reason.share.limit}{heap}: {reason.share.why}"
