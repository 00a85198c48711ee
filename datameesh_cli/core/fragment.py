"""From a parsed Compose fragment or profile file to values, with every mistake named by file and key."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from datameesh_cli.core.k8s.declared import edges_from, kubernetes_from
from datameesh_cli.core.model import LAYERS, Heap, LeaveOut, Port, Profile, Ram, Service, Setting, Url
from datameesh_cli.errors import UserError

_PORT = re.compile(r"\$\{([A-Z0-9_]*PORT):-(\d+)\}:(\d+)")
_ROLE = re.compile(r"[a-z][a-z0-9-]*")
_DEFAULT = re.compile(r"\$\{\w+:-([^}]*)\}")
_KEYS = {
    *("namespace", "layer", "owner", "kind", "profile", "ram", "heap", "settings", "leave-out", "urls"),
    *("consumes", "kubernetes", "provides", "files"),
}


def services_from(data: Any, folder: str, file: str) -> list[Service]:
    """Given a fragment's content, its folder and its file name, return its services. Raise UserError for what is not valid."""
    if not isinstance(data, Mapping) or not isinstance(data.get("services"), Mapping):
        raise UserError(f"{file}: there is no `services:` mapping", "see CONTRIBUTING.md, 'A service folder'")
    return [_service(name, body, folder, f"{file}, service '{name}'") for name, body in data["services"].items()]


def profile_from(data: Any, file: str) -> Profile:
    """Given a profile file's content, return the profile. Raise UserError for what is not valid."""
    if not isinstance(data, Mapping) or not isinstance(data.get("name"), str):
        raise UserError(f"{file}: `name:` is missing", "a profile has name, requires and description")
    return Profile(data["name"], _texts(data, "requires", file), str(data.get("description", "")))


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
    ram = _ram(own, where)
    heap = _heap(own, ram, where)
    return Service(
        name=str(name),
        folder=folder,
        profile=_profile_of(body, own, kind, where),
        namespace=_text(own, "namespace", where),
        layer=layer,
        owner=_text(own, "owner", where),
        image=_default(_text(body, "image", where)),
        ram=ram,
        kind=kind,
        heap=heap,
        settings=_settings(own, heap, where),
        leave_out=_leave_out(own, where),
        ports=_ports(body, where),
        urls=tuple(_url(entry, where) for entry in _list(own, "urls", where)),
        depends_on=_depends_on(body, where),
        secrets=tuple(_secret(entry, where) for entry in _list(body, "secrets", where)),
        replicas=_replicas(body, where),
        listens=_listens(body, where),
        consumes=edges_from(_list(own, "consumes", where), where),
        kubernetes=kubernetes_from(own.get("kubernetes"), where),
        provides=_roles(own, where),
        files=_files(own, where),
    )


def _files(own: Mapping[str, Any], where: str) -> dict[str, str]:
    found = {}
    for path, target in _mapping(own, "files", where).items():
        if not str(target).startswith("/"):
            raise UserError(f"{where}: files.{path} is {target!r}, no path inside", "write config: /etc/trino")
        found[str(path)] = str(target)
    return found


def _roles(own: Mapping[str, Any], where: str) -> tuple[str, ...]:
    roles = _texts(own, "provides", where)
    for role in roles:
        if not _ROLE.fullmatch(role):
            raise UserError(
                f"{where}: `provides:` holds {role!r}", "a role is small letters, digits and -: object-store"
            )
    return roles


def _profile_of(body: Mapping[str, Any], own: Mapping[str, Any], kind: str, where: str) -> str:
    if kind == "job":
        return _text(own, "profile", where)
    profiles = _texts(body, "profiles", where)
    if len(profiles) != 1:
        raise UserError(f"{where}: `profiles:` must name exactly one profile", "write profiles: [core]")
    return profiles[0]


def _text(data: Mapping[str, Any], key: str, where: str) -> str:
    value = data.get(key)
    if not isinstance(value, str) or not value:
        raise UserError(f"{where}: `{key}:` is missing", "see CONTRIBUTING.md, 'x-datameesh'")
    return value


def _list(data: Mapping[str, Any], key: str, where: str) -> list[Any]:
    value = data.get(key)
    if value is not None and not isinstance(value, list):
        raise UserError(f"{where}: `{key}:` must be a list, it is {value!r}", f"write {key}: [...]")
    return value or []


def _texts(data: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    entries = _list(data, key, where)
    for entry in entries:
        if not isinstance(entry, str) or not entry:
            raise UserError(f"{where}: `{key}:` holds {entry!r}, which is not a name", f"write {key}: [name, name]")
    return tuple(entries)


def _mapping(data: Mapping[str, Any], key: str, where: str) -> Mapping[str, Any]:
    value = data.get(key)
    if value is not None and not isinstance(value, Mapping):
        raise UserError(f"{where}: `{key}:` must be a mapping, it is {value!r}", f"write {key}: {{name: value}}")
    return value or {}


def _number(value: Any, key: str, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not (math.isfinite(value) and value >= 0):
        raise UserError(
            f"{where}: `{key}` must be a number, it is {value!r}", "memory is written in MiB, without a unit"
        )
    return float(value)


def _part(value: Any, key: str, where: str) -> float:
    part = _number(value, key, where)
    if part > 1:
        raise UserError(f"{where}: `{key}` must be a part from 0 to 1, it is {value!r}", "write 0.7 for 70 %")
    return part


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


def _heap(own: Mapping[str, Any], ram: Ram, where: str) -> Heap | None:
    if own.get("heap") is None:
        return None
    heap = _mapping(own, "heap", where)
    if not {"outside", "share"} <= set(heap):
        raise UserError(f"{where}: `heap:` needs outside and share", "write heap: {outside: 384, share: 0.7}")
    outside = int(_number(heap["outside"], "heap.outside", where))
    share = _part(heap["share"], "heap.share", where)
    if share == 0 or not 0 < outside < ram.min:
        raise UserError(
            f"{where}: of ram.min {ram.min}, heap.outside {outside} and heap.share {share:g} leave no heap or nothing beside it",
            "the heap of a limit is min(limit - outside, share * limit)",
        )
    return Heap(outside, share)


def _settings(own: Mapping[str, Any], heap: Heap | None, where: str) -> dict[str, Setting]:
    settings = {}
    for name, rule in _mapping(own, "settings", where).items():
        if not isinstance(rule, Mapping) or rule.get("of") not in ("limit", "heap"):
            raise UserError(
                f"{where}: settings.{name} needs `of: limit` or `of: heap`", "write {of: limit, share: 0.25}"
            )
        if rule["of"] == "heap" and heap is None:
            raise UserError(
                f"{where}: settings.{name} is a part of a heap that is not there", "add `heap:`, or write of: limit"
            )
        ceiling = rule.get("max")
        settings[str(name)] = Setting(
            rule["of"],
            _part(rule.get("share"), f"settings.{name}.share", where),
            int(_number(rule.get("min", 1), f"settings.{name}.min", where)),
            None if ceiling is None else int(_number(ceiling, f"settings.{name}.max", where)),
        )
    return settings


def _leave_out(own: Mapping[str, Any], where: str) -> LeaveOut | None:
    if own.get("leave-out") is None:
        return None
    rule = _mapping(own, "leave-out", where)
    if "below" not in rule:
        raise UserError(f"{where}: `leave-out:` needs below and says", "see CONTRIBUTING.md, 'x-datameesh'")
    # YAML's true is written as programs read it, not as Python prints it.
    variables = {
        str(k): str(v).lower() if isinstance(v, bool) else str(v) for k, v in _mapping(rule, "set", where).items()
    }
    return LeaveOut(int(_number(rule["below"], "leave-out.below", where)), _text(rule, "says", where), variables)


def _ports(body: Mapping[str, Any], where: str) -> tuple[Port, ...]:
    ports = []
    for entry in _list(body, "ports", where):
        found = _PORT.search(str(entry))
        if not found:
            raise UserError(
                f"{where}: the published port {entry!r} cannot be moved",
                'write "${DM_BIND:-127.0.0.1}:${SALES_API_PORT:-30800}:8080"',
            )
        ports.append(Port(found[1], int(found[2]), int(found[3])))
    return tuple(ports)


def _listens(body: Mapping[str, Any], where: str) -> tuple[int, ...]:
    """The ports inside: those exposed, and those published."""
    found = [str(_default(str(entry))).split("/")[0] for entry in _list(body, "expose", where)]
    for port in found:
        if not re.fullmatch(r"[0-9]{1,5}", port) or not 0 < int(port) < 65536:
            raise UserError(f"{where}: `expose:` holds '{port}', which is not a port", 'write expose: ["8080"]')
    return tuple(dict.fromkeys([*(int(port) for port in found), *(p.inside for p in _ports(body, where))]))


def _depends_on(body: Mapping[str, Any], where: str) -> tuple[str, ...]:
    if isinstance(body.get("depends_on"), Mapping):
        return tuple(str(name) for name in body["depends_on"])
    return _texts(body, "depends_on", where)


def _secret(entry: Any, where: str) -> str:
    name = entry.get("source") if isinstance(entry, Mapping) else entry
    if not isinstance(name, str) or not name:
        raise UserError(f"{where}: `secrets:` holds {entry!r}, which names no secret", "write secrets: [name]")
    return name


def _url(entry: Any, where: str) -> Url:
    if not isinstance(entry, Mapping):
        raise UserError(f"{where}: `urls:` holds {entry!r}", "write {title: Sales, port: SALES_API_PORT, path: /docs}")
    return Url(
        title=_text(entry, "title", where),
        port=_text(entry, "port", where),
        path=str(entry.get("path", "/")),
        user=entry.get("user"),
        secret=entry.get("secret"),
        can=_texts(entry, "can", where),
    )


def _replicas(body: Mapping[str, Any], where: str) -> int:
    value = _default(str(_mapping(body, "deploy", where).get("replicas", 1)))
    if not value.isdecimal():
        raise UserError(f"{where}: deploy.replicas is '{value}', not a number", "write a number or ${X_REPLICAS:-1}")
    return int(value)


def _default(text: str) -> str:
    """Given Compose text, return it with every `${NAME:-default}` replaced by its default."""
    return _DEFAULT.sub(r"\1", text)
