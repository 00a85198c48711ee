"""`dm k8s-export`: plan, resolve, kompose, the passes, the validation, and a folder that is there whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datameesh_cli.core.images import named
from datameesh_cli.core.k8s.fidelity import KeyVerdict, conversion_report, refuse_lost
from datameesh_cli.core.k8s.objects import Objects, in_order
from datameesh_cli.core.k8s.packaging import layout
from datameesh_cli.core.k8s.passes.quotas import Sum, sums
from datameesh_cli.core.k8s.pipeline import passes
from datameesh_cli.core.k8s.report import Stage, report_of
from datameesh_cli.core.k8s.source import Image, Source
from datameesh_cli.core.stream import Report
from datameesh_cli.errors import UserError
from datameesh_cli.usecases.build_images import build_missing
from datameesh_cli.usecases.export_secrets import Seal, sealed
from datameesh_cli.usecases.read_source import Read, TargetRequest, read_source
from datameesh_cli.usecases.refresh_checkout import refresh_checkout
from datameesh_cli.usecases.validate_export import ask_server, validate

if TYPE_CHECKING:
    from datameesh_cli.adapters.adapters import Adapters


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What the user asked of an export. `ram` in MiB; `context` is the cluster for the dry run, if any."""

    profiles: tuple[str, ...] = ()
    ram: int | None = None
    out: Path = Path("k8s-export/out")
    target: TargetRequest = field(default_factory=TargetRequest)
    context: str | None = None
    seal: Path | None = None
    """The certificate of a controller that opens sealed secrets: then the export has them."""


@dataclass(frozen=True, slots=True)
class Export:
    """An export: the files by path, what it was made of, what its validation said, and seconds: of kompose alone, and of all from
    the plan to the last stage that needs no cluster."""

    out: Path
    files: Mapping[str, str]
    objects: Objects
    source: Source
    conversion_report: tuple[KeyVerdict, ...]
    sums: tuple[Sum, ...]
    stages: tuple[Stage, ...]
    kompose_seconds: float
    seconds: float
    sealed: bool = False


def make_export(adapters: Adapters, request: ExportRequest, report: Report, began: float) -> Export:
    """Given a request, return the export that it gives now; nothing is written. `began` is when the clock of the whole started.

    Raise UserError if a fragment is not valid or a stage of the validation rejects the result, HostError without an engine.
    """
    with ThreadPoolExecutor(1) as beside:
        image = beside.submit(kompose_image, adapters, report)
        refresh_checkout(adapters, report, unless_made_of_it=True)
        read = read_source(adapters, request.profiles, request.ram, request.target)
        drafted = beside.submit(adapters.kompose.convert, image.result(), read.model, read.profiles)
        # What can be done while kompose is at work.
        adapters.schemas.prepare()
        known = conversion_report(read.source)
        refuse_lost(known)
        source = replace(read.source, images=images_of(adapters, read.source))
        draft = drafted.result()
    objects = passes(draft.objects, source)
    if request.seal:
        objects = in_order(
            sealed(adapters, objects, source, Seal(request.seal, request.out), request.context or "", report)
        )
    offline = validate(adapters, objects)
    seconds = adapters.clock.now() - began
    stages = (*offline, ask_server(adapters, objects, request.context))
    content = report_of(source, asked_of(request, read), known, sums(source), stages)
    return Export(
        out=request.out,
        files=adapters.export.texts(layout(objects), content),
        objects=objects,
        source=source,
        conversion_report=known,
        sums=sums(source),
        stages=stages,
        kompose_seconds=draft.seconds,
        seconds=seconds,
        sealed=request.seal is not None,
    )


def images_of(adapters: Adapters, source: Source) -> dict[str, Image]:
    """Given a source, return of its services' images what the engine has."""
    references = sorted({str(p.body["image"]) for p in source.parts})
    return {name: Image(found.id, found.digests) for name, found in adapters.images.present(references).items()}


def export_kubernetes(adapters: Adapters, request: ExportRequest, report: Report) -> Export:
    """Given a request, make the export and put it in place of the last one. Raise DmError; the last one then stays as it is."""
    began = adapters.clock.now()
    adapters.export.refuse_foreign(request.out)
    made = make_export(adapters, request, report, began)
    adapters.export.replace(request.out, made.files)
    return made


def asked_of(request: ExportRequest, read: Read) -> dict[str, Any]:
    """Given a request and what was read for it, return what the report keeps of it: enough to ask the same again."""
    target = request.target
    return {
        "profiles": list(request.profiles) or list(read.planned.plan.profiles[-1:]),
        "budget": read.planned.plan.budget,
        "target": {name: getattr(target, name) for name in target.__dataclass_fields__},
    }


def kompose_image(adapters: Adapters, report: Report) -> str:
    """Return the reference of kompose's image; where the engine has it not yet, say so and build it."""
    everyone = adapters.image_folders.read_images(adapters.repository.root)
    reference = named(everyone, [adapters.kompose.FOLDER])[0].reference
    if not adapters.images.present([reference]):
        report("kompose is not built yet and the export needs it; this takes about a minute, once")
        build_missing(adapters, [reference], report)
    return reference


def last_asked(adapters: Adapters, out: Path) -> Mapping[str, Any]:
    """Given the folder of an export, return what its report says was asked. Raise UserError if there is no export."""
    files = adapters.export.read(out)
    if files is None:
        raise UserError(f"there is no export in {out}", "make one: dm k8s-export")
    asked: Mapping[str, Any] = json.loads(files[adapters.export.REPORT])["asked"]
    return asked
