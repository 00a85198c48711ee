"""The values of an export's secrets: whose they are, and how they are sealed where files shall hold them."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from datameesh_cli.core.images import named
from datameesh_cli.core.k8s.objects import PREFIX, Object, Objects, identity
from datameesh_cli.core.k8s.passes.ingress import own_certificates
from datameesh_cli.core.k8s.passes.secrets import expected, secret_objects, stamped
from datameesh_cli.core.stream import Report
from datameesh_cli.usecases.build_images import build_missing
from datameesh_cli.usecases.derive_secrets import derive_secrets, makers_of, passwords

if TYPE_CHECKING:
    from datameesh_cli.adapters.adapters import Adapters
    from datameesh_cli.adapters.state import State
    from datameesh_cli.core.k8s.source import Source

SEALED = "SealedSecret"
OF_VALUE = f"{PREFIX}of-value"
"""The annotation by which a sealed secret is known to hold the same value still: a digest by a key that only this stack has."""
_KEY = "sealing.key"


@dataclass(frozen=True, slots=True)
class Seal:
    """For which cluster secrets are sealed: the file of its controller's certificate, and where the last export lies."""

    certificate: Path
    last: Path


def sealed(adapters: Adapters, objects: Objects, source: Source, seal: Seal, context: str, report: Report) -> Objects:
    """Given objects and for whom to seal, return them with a SealedSecret for each Secret that they expect, and a digest of those
    that pods read at their start. What is sealed already with this value for this certificate is taken from the last export.

    Raise UserError for a certificate that is none, HostError without the image.
    """
    certificate = adapters.repository.read_text(seal.certificate)
    store = adapters.state.of_export(context) if context else adapters.state
    values = drawn_values(adapters, source, context)
    plain = secret_objects(source, kept_values(adapters, source, store, values))
    digests = {identity(o): _digest(store, certificate, o) for o in plain}
    before = _sealed_before(adapters, seal.last)
    kept = {name: before[name] for name, digest in digests.items() if name in before and _said(before[name]) == digest}
    fresh = [o for o in plain if identity(o) not in kept]
    made = adapters.sealing.seal(_image(adapters, report), certificate, fresh) if fresh else []
    for o, one in zip(fresh, made, strict=True):
        one["metadata"] |= {"labels": dict(o["metadata"]["labels"]), "annotations": {OF_VALUE: digests[identity(o)]}}
    return (*stamped(objects, source, once_read(adapters, source, values)), *kept.values(), *made)


def _sealed_before(adapters: Adapters, folder: Path) -> dict[tuple[str, str, str], Object]:
    """The sealed secrets of an export, by what each is when it is opened."""
    files = adapters.export.read(folder) or {}
    found = [o for o in adapters.export.objects(files) if o.get("kind") == SEALED]
    return {(o["metadata"]["namespace"], "Secret", o["metadata"]["name"]): o for o in found}


def _said(o: Object) -> str:
    return str((o["metadata"].get("annotations") or {}).get(OF_VALUE, ""))


def _digest(store: State, certificate: str, o: Object) -> str:
    kept = store.read_json(_KEY)
    if not isinstance(kept, str):
        kept = secrets.token_hex(32)
        store.write_private(_KEY, f'"{kept}"')
    said = repr((certificate, identity(o), sorted(o["stringData"].items())))
    return hmac.new(bytes.fromhex(kept), said.encode(), hashlib.sha256).hexdigest()[:32]


def _image(adapters: Adapters, report: Report) -> str:
    everyone = adapters.image_folders.read_images(adapters.repository.root)
    reference = named(everyone, [adapters.sealing.FOLDER])[0].reference
    build_missing(adapters, [reference], report)
    return reference


def drawn_values(adapters: Adapters, source: Source, context: str) -> dict[str, str]:
    """Given what is exported and a context ("": none), return the values of its drawn secrets and of everybody's password:
    those that the export there was applied with, else the stack's own, else new ones."""
    derived = makers_of([part.service for part in source.parts])
    names = sorted({*(name for name in expected(source) if name not in derived), *passwords(adapters)})
    known = {*adapters.state.secret_names(), *(adapters.state.of_export(context).secret_names() if context else ())}
    return {
        name: adapters.state.secret_of(context, name) if name in known else adapters.state.new_secret(name)
        for name in names
    }


def kept_values(adapters: Adapters, source: Source, store: State, values: Mapping[str, str]) -> dict[str, str]:
    """Given what is exported, a store and the values of drawn secrets, keep these there and return all values, derived ones too."""
    known = store.secret_names()
    # One that is there is not written again: a container may have that very file mounted.
    store.keep_secrets(
        {name: value for name, value in values.items() if name not in known or store.secret(name) != value.strip()}
    )
    derived = derive_secrets(adapters, [part.service for part in source.parts], store)
    return {**values, **derived, **_certified_ways_in(adapters, source, store)}


def _certified_ways_in(adapters: Adapters, source: Source, store: State) -> dict[str, str]:
    """The certificate of each way in by name that is ours to make, of the authority that signs for the services there."""
    found = {}
    for name, (_, host) in own_certificates(source).items():
        authority = adapters.authority(store.folder, store.name, adapters.clock.utc())
        found[name] = authority.leaf([host], store.derived(name))
        store.write_derived(name, found[name])
    return found


def once_read(adapters: Adapters, source: Source, values: Mapping[str, str]) -> dict[str, str]:
    """Given the values of drawn secrets, return those that a pod may have to be made anew for: nobody's password."""
    return {name: values[name] for name in expected(source) if name in values and name not in passwords(adapters)}
