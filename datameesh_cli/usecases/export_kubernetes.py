"""`dm k8s-export`: plan, resolve, kompose, the passes, the ladder, and a folder that is there whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datameesh_cli.core.images import named
from datameesh_cli.core.k8s.fidelity import Fate, fates, refuse_lost
from datameesh_cli.core.k8s.objects import Objects
from datameesh_cli.core.k8s.packaging import layout
from datameesh_cli.core.k8s.pipeline import passes
from datameesh_cli.core.k8s.quotas import Sum, sums
from datameesh_cli.core.k8s.report import Rung, report
from datameesh_cli.core.k8s.source import Image, Source
from datameesh_cli.errors import UserError
from datameesh_cli.usecases.build_images import build_missing
from datameesh_cli.usecases.climb_ladder import ask_server, climb
from datameesh_cli.usecases.read_source import Read, TargetRequest, read_source
from datameesh_cli.usecases.refresh_checkout import refresh_checkout

if TYPE_CHECKING:
    from datameesh_cli.adapters.outside import Outside

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What the user asked of an export. `ram` in MiB; `context` is the cluster for the dry run, if any."""

    profiles: tuple[str, ...] = ()
    ram: int | None = None
    out: Path = Path("k8s-export/out")
    target: TargetRequest = field(default_factory=TargetRequest)
    context: str | None = None


@dataclass(frozen=True, slots=True)
class Export:
    """An export: the files by path, what it was made of, what the ladder said, and seconds: of kompose alone, and of all from the
    plan to the last rung that needs no cluster."""

    out: Path
    files: Mapping[str, str]
    objects: Objects
    source: Source
    fates: tuple[Fate, ...]
    sums: tuple[Sum, ...]
    rungs: tuple[Rung, ...]
    kompose_seconds: float
    seconds: float


def make_export(outside: Outside, request: ExportRequest, say: Say, began: float) -> Export:
    """Given a request, return the export that it gives now; nothing is written. `began` is when the clock of the whole started.

    Raise UserError if a fragment is not valid or a rung of the ladder rejects the result, HostError without an engine.
    """
    refresh_checkout(outside, say)
    with ThreadPoolExecutor(1) as beside:
        image = beside.submit(kompose_image, outside, say)
        read = read_source(outside, request.profiles, request.ram, request.target)
        drafted = beside.submit(outside.kompose.convert, image.result(), read.model, read.profiles)
        # What can be done while kompose is at work.
        outside.schemas.prepare()
        known = fates(read.source)
        refuse_lost(known)
        source = replace(read.source, images=images_of(outside, read.source))
        draft = drafted.result()
    objects = passes(draft.objects, source)
    offline = climb(outside, objects)
    seconds = outside.clock.now() - began
    rungs = (*offline, ask_server(outside, objects, request.context))
    content = report(source, asked_of(request, read), known, sums(source), rungs)
    return Export(
        out=request.out,
        files=outside.export.texts(layout(objects), content),
        objects=objects,
        source=source,
        fates=known,
        sums=sums(source),
        rungs=rungs,
        kompose_seconds=draft.seconds,
        seconds=seconds,
    )


def images_of(outside: Outside, source: Source) -> dict[str, Image]:
    """Given a source, return of its services' images what the engine has."""
    references = sorted({str(p.body["image"]) for p in source.parts})
    return {name: Image(found.id, found.digests) for name, found in outside.images.present(references).items()}


def export_kubernetes(outside: Outside, request: ExportRequest, say: Say) -> Export:
    """Given a request, make the export and put it in place of the last one. Raise DmError; the last one then stays as it is."""
    began = outside.clock.now()
    outside.export.refuse_foreign(request.out)
    made = make_export(outside, request, say, began)
    outside.export.replace(request.out, made.files)
    return made


def asked_of(request: ExportRequest, read: Read) -> dict[str, Any]:
    """Given a request and what was read for it, return what the report keeps of it: enough to ask the same again."""
    target = request.target
    return {
        "profiles": list(request.profiles) or list(read.planned.plan.profiles[-1:]),
        "budget": read.planned.plan.budget,
        "target": {name: getattr(target, name) for name in target.__dataclass_fields__},
    }


def kompose_image(outside: Outside, say: Say) -> str:
    """Return the reference of kompose's image; where the engine has it not yet, say so and build it."""
    everyone = outside.image_folders.read_images(outside.repository.root)
    reference = named(everyone, [outside.kompose.FOLDER])[0].reference
    if not outside.images.present([reference]):
        say("kompose is not built yet and the export needs it; this takes about a minute, once")
        build_missing(outside, [reference], say)
    return reference


def last_asked(outside: Outside, out: Path) -> Mapping[str, Any]:
    """Given the folder of an export, return what its report says was asked. Raise UserError if there is no export."""
    files = outside.export.read(out)
    if files is None:
        raise UserError(f"there is no export in {out}", "make one: dm k8s-export")
    asked: Mapping[str, Any] = json.loads(files[outside.export.REPORT])["asked"]
    return asked
