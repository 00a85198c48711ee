"""From a parsed Compose fragment or profile file to values, with every mistake named by file and key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from datameesh_cli.core.model import LAYERS, Heap, LeaveOut, Port, Profile, Ram, Service, Setting, Url
from datameesh_cli.errors import UserError

_PORT = re.compile(r"\$\{([A-Z0-9_]*PORT):-(\d+)\}:(\d+)")
_DEFAULT = re.compile(r"\$\{\w+:-([^}]*)\}")
_KEYS = {"namespace", "layer", "owner", "kind", "profile", "ram", "heap", "settings", "leave-out", "urls"}


def services_from(data: Any, folder: str, file: str) -> list[Service]:
    """Given a fragment's content, its folder and its file name, return its services. Raise UserError for what is not valid."""
    if not isinstance(data, Mapping) or not isinstance(data.get("services"), Mapping):
        raise UserError(f"{file}: there is no `services:` mapping", "see CONTRIBUTING.md, 'A service folder'")
    return [_service(name, body, folder, f"{file}, service '{name}'") for name, body in data["services"].items()]


def profile_from(data: Any, file: str) -> Profile:
    """Given a profile file's content, return the profile. Raise UserError for what is not valid."""
    if not isinstance(data, Mapping) or not isinstance(data.get("name"), str):
        raise UserError(f"{file}: `name:` is missing", "a profile has name, requires and description")
    return Profile(data["name"], tuple(data.get("requires") or ()), str(data.get("description", "")))


def _service(name: str, body: Any, folder: str, where: str) -> Service:
    if not isinstance(body, Mapping) or not isinstance(body.get("x-datameesh"), Mapping):
        raise UserError(f"{where}: `x-datameesh:` is missing", "see CONTRIBUTING.md, 'x-datameesh'")
    own = body["x-datameesh"]
    unknown = set(own) - _KEYS
    if unknown:
        raise UserError(f"{where}: x-datameesh has no key '{sorted(unknown)[0]}'", "keys: " + ", ".join(sorted(_KEYS)))
    kind = own.get("kind", "service")
    if kind not in ("service", "job"):
        raise UserError(f"{where}: kind '{kind}' is neither service nor job", "write kind: service or kind: job")
    layer = _text(own, "layer", where)
    if layer not in LAYERS:
        raise UserError(f"{where}: layer '{layer}' is unknown", "layers: " + ", ".join(LAYERS))
    return Service(
        name=name,
        folder=folder,
        profile=_profile_of(body, own, kind, where),
        namespace=_text(own, "namespace", where),
        layer=layer,
        owner=_text(own, "owner", where),
        image=_default(_text(body, "image", where)),
        ram=_ram(own, where),
        kind=kind,
        heap=_heap(own, where),
        settings=_settings(own, where),
        leave_out=_leave_out(own, where),
        ports=_ports(body),
        urls=tuple(_url(entry, where) for entry in own.get("urls") or ()),
        depends_on=tuple(body.get("depends_on") or ()),
        secrets=tuple(s if isinstance(s, str) else str(s["source"]) for s in body.get("secrets") or ()),
        replicas=_replicas(body, where),
    )


def _profile_of(body: Mapping[str, Any], own: Mapping[str, Any], kind: str, where: str) -> str:
    if kind == "job":
        return _text(own, "profile", where)
    profiles = body.get("profiles")
    if not isinstance(profiles, list) or len(profiles) != 1:
        raise UserError(f"{where}: `profiles:` must name exactly one profile", "write profiles: [core]")
    return str(profiles[0])


def _text(data: Mapping[str, Any], key: str, where: str) -> str:
    value = data.get(key)
    if not isinstance(value, str) or not value:
        raise UserError(f"{where}: `{key}:` is missing", "see CONTRIBUTING.md, 'x-datameesh'")
    return value


def _number(value: Any, key: str, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
        raise UserError(
            f"{where}: `{key}` must be a number, it is {value!r}", "memory is written in MiB, without a unit"
        )
    return float(value)


def _ram(own: Mapping[str, Any], where: str) -> Ram:
    ram = own.get("ram")
    if not isinstance(ram, Mapping) or "min" not in ram or "want" not in ram:
        raise UserError(f"{where}: `ram: {{min, want}}` is missing", "see CONTRIBUTING.md, 'x-datameesh'")
    least, want = int(_number(ram["min"], "ram.min", where)), int(_number(ram["want"], "ram.want", where))
    if not 0 < least <= want:
        raise UserError(
            f"{where}: ram.min {least} must be above 0 and not above ram.want {want}", "correct the two numbers"
        )
    return Ram(least, want, str(ram.get("measured", "")))


def _heap(own: Mapping[str, Any], where: str) -> Heap | None:
    heap = own.get("heap")
    if heap is None:
        return None
    if not isinstance(heap, Mapping) or not {"outside", "share"} <= set(heap):
        raise UserError(f"{where}: `heap:` needs outside and share", "write heap: {outside: 384, share: 0.7}")
    return Heap(int(_number(heap["outside"], "heap.outside", where)), _number(heap["share"], "heap.share", where))


def _settings(own: Mapping[str, Any], where: str) -> dict[str, Setting]:
    settings = {}
    for name, rule in (own.get("settings") or {}).items():
        if not isinstance(rule, Mapping) or rule.get("of") not in ("limit", "heap"):
            raise UserError(
                f"{where}: settings.{name} needs `of: limit` or `of: heap`", "write {of: limit, share: 0.25}"
            )
        ceiling = rule.get("max")
        settings[name] = Setting(
            rule["of"],
            _number(rule.get("share"), f"settings.{name}.share", where),
            int(_number(rule.get("min", 1), f"settings.{name}.min", where)),
            None if ceiling is None else int(_number(ceiling, f"settings.{name}.max", where)),
        )
    return settings


def _leave_out(own: Mapping[str, Any], where: str) -> LeaveOut | None:
    rule = own.get("leave-out")
    if rule is None:
        return None
    if not isinstance(rule, Mapping) or "below" not in rule:
        raise UserError(f"{where}: `leave-out:` needs below and says", "see CONTRIBUTING.md, 'x-datameesh'")
    variables = {str(k): str(v) for k, v in (rule.get("set") or {}).items()}
    return LeaveOut(int(_number(rule["below"], "leave-out.below", where)), _text(rule, "says", where), variables)


def _ports(body: Mapping[str, Any]) -> tuple[Port, ...]:
    found = (_PORT.search(str(entry)) for entry in body.get("ports") or ())
    return tuple(Port(m[1], int(m[2]), int(m[3])) for m in found if m)


def _url(entry: Mapping[str, Any], where: str) -> Url:
    return Url(
        title=_text(entry, "title", where),
        port=_text(entry, "port", where),
        path=str(entry.get("path", "/")),
        user=entry.get("user"),
        secret=entry.get("secret"),
        can=tuple(entry.get("can") or ()),
    )


def _replicas(body: Mapping[str, Any], where: str) -> int:
    value = _default(str((body.get("deploy") or {}).get("replicas", 1)))
    if not value.isdigit():
        raise UserError(f"{where}: deploy.replicas is '{value}', not a number", "write a number or ${X_REPLICAS:-1}")
    return int(value)


def _default(text: str) -> str:
    """Given Compose text, return it with every `${NAME:-default}` replaced by its default."""
    return _DEFAULT.sub(r"\1", text)
