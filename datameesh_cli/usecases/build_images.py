"""`dm images build` and `list`: build what is missing or out of date, and say what there is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datameesh_cli.core import images
from datameesh_cli.core.build_output import BuildState, without_passwords
from datameesh_cli.core.images import ImageSource
from datameesh_cli.core.stream import Report, heard
from datameesh_cli.errors import HostError
from datameesh_cli.usecases.build_side_by_side import Hear, Watch, build_side_by_side

if TYPE_CHECKING:
    from datameesh_cli.adapters.adapters import Adapters
    from datameesh_cli.adapters.held import Held
    from datameesh_cli.adapters.host_mirrors import HostMirrors


_TAIL = 15


@dataclass(frozen=True, slots=True)
class Built:
    """One image that was asked for: whether it had to be built, in how many seconds, and its size in MiB."""

    reference: str
    built: bool
    seconds: float
    size: int


@dataclass(frozen=True, slots=True)
class Told:
    """Who hears of builds: `watch` how far they are, at least once a second; `done` each image when it is ready."""

    watch: Watch
    done: Callable[[Built], None]


@dataclass(frozen=True, slots=True)
class Order:
    """One image to build: the hash of its inputs, what it gets of the host, and whether earlier layers may be used."""

    image: ImageSource
    inputs: str
    mirrors: HostMirrors
    cached: bool


@dataclass(frozen=True, slots=True)
class ImageRow:
    """One image of `images list`. `state` is up to date, out of date or missing; size in MiB."""

    name: str
    version: str
    reference: str
    state: str
    size: int
    built_from: tuple[str, ...]
    created: str


def build_images(adapters: Adapters, names: Sequence[str], told: Told, *, fresh: bool = False) -> tuple[Built, ...]:
    """Given image names (all that services use if none), build those that are missing or out of date, parents first.

    With `fresh` all of them and what they are built from, with Debian's packages of now and no layer of an earlier build. Raise
    HostError, with the end of the output, if one fails; what was built before stays valid.
    """
    everyone = adapters.image_folders.read_images(adapters.repository.root)
    wanted = images.named(everyone, names) if names else _shipped(adapters, everyone)
    return _build(adapters, everyone, wanted, told, fresh=fresh)


def build_missing(
    adapters: Adapters, references: Iterable[str], report: Report, told: Told | None = None
) -> tuple[Built, ...]:
    """Given the images that services use, build those of ours that the engine has not, and those that are older than their folders.

    One that is older and cannot be built (no network) is used as it is, and `report` hears why: what it was good for it still is.
    """
    everyone = adapters.image_folders.read_images(adapters.repository.root)
    asked = set(references)
    used = tuple(i for i in everyone if i.reference in asked)
    there = adapters.images.present([i.reference for i in used])
    hashes = _hashes(adapters, everyone)
    told = told or Told(_nobody, lambda built: report(f"  {built.reference} is built"))
    missing = [i for i in used if i.reference not in there]
    older = [i for i in used if i.reference in there and there[i.reference].inputs not in ("", hashes[i.reference])]
    built: tuple[Built, ...] = ()
    if missing:
        names = ", ".join(i.name for i in missing)
        report(f"building images that are not here yet, with what they are built from: {names}")
        built = _build(adapters, everyone, missing, told)
    if older:
        names = ", ".join(i.name for i in older)
        report(f"building images that are older than their folders: {names}")
        try:
            built += _build(adapters, everyone, older, told)
        except HostError as failed:
            why, again = failed.message.split("\n", 1)[0], "dm images build " + names.replace(",", "")
            report(f"{why}; what is there is used (as with --no-build). If that does not start: {again}")
    return built


def list_images(adapters: Adapters) -> tuple[ImageRow, ...]:
    """Return every image that the repository makes, in build order, with what the engine has of it."""
    everyone = adapters.image_folders.read_images(adapters.repository.root)
    hashes = _hashes(adapters, everyone)
    there = adapters.images.present([i.reference for i in everyone])
    rows = []
    for image in everyone:
        found = there.get(image.reference)
        state = "missing" if not found else "up to date" if found.inputs == hashes[image.reference] else "out of date"
        origin = (found.rootfs if found and found.rootfs else image.rootfs) if image.rootfs else None
        rows.append(
            ImageRow(
                name=image.name,
                version=image.version,
                reference=image.reference,
                state=state,
                size=found.size if found else 0,
                built_from=(origin,) if origin else image.parents,
                created=found.created if found else "",
            )
        )
    return tuple(rows)


def base_days(adapters: Adapters) -> dict[str, str]:
    """Return when the base was made that each image of ours stands on, by reference, of those that the engine has."""
    there = adapters.images.present([i.reference for i in adapters.image_folders.read_images(adapters.repository.root)])
    return {reference: image.base or image.created for reference, image in there.items()}


def _shipped(adapters: Adapters, everyone: Sequence[ImageSource]) -> tuple[ImageSource, ...]:
    return images.shipped(everyone, (s.image for s in adapters.repository.model().services))


def _hashes(adapters: Adapters, everyone: Sequence[ImageSource]) -> dict[str, str]:
    root = adapters.repository.root
    return images.input_hashes(everyone, {i.name: adapters.image_folders.input_files(root, i) for i in everyone})


def _build(
    adapters: Adapters,
    everyone: Sequence[ImageSource],
    wanted: Sequence[ImageSource],
    told: Told,
    *,
    fresh: bool = False,
) -> tuple[Built, ...]:
    hashes = _hashes(adapters, everyone)
    there = adapters.images.present([i.reference for i in everyone])
    todo = images.to_build(everyone, wanted, hashes, {r: p.inputs for r, p in there.items()}, fresh=fresh)
    mirrors = adapters.mirrors()
    results: dict[ImageSource, Built] = {}

    def ready(image: ImageSource, seconds: float) -> None:
        size = adapters.images.present([image.reference])[image.reference].size
        results[image] = Built(image.reference, image in todo, seconds, size)
        if image in todo and image.reference in there:
            adapters.images.remove(there[image.reference].id)
        told.done(results[image])

    def work(image: ImageSource, hear: Hear, held: Held) -> None:
        _build_one(adapters, Order(image, hashes[image.reference], mirrors, cached=not fresh), hear, held)

    for image in everyone:
        if image in wanted and image not in todo:
            ready(image, 0.0)
    build_side_by_side(adapters, todo, work, told.watch, ready)
    return tuple(results[i] for i in everyone if i in results)


def _build_one(adapters: Adapters, order: Order, tell: Hear, held: Held) -> None:
    """Build one image; keep its whole output in the state folder, and its end for the error."""
    lines: list[str] = []

    def hear(line: str) -> None:
        lines.append(without_passwords(line))
        tell(lines[-1])

    try:
        code = _run_build(adapters, order, hear, held)
    except HostError as failed:
        raise _failed(adapters, order.image, lines, failed.message, failed.hint) from failed
    if code:
        raise _failed(adapters, order.image, lines, f"the build ended with exit code {code}", "")


def _run_build(adapters: Adapters, order: Order, hear: Hear, held: Held) -> int:
    image, mirrors, root = order.image, order.mirrors, adapters.repository.root
    args: dict[str, str] = {}
    labels = {images.INPUTS_LABEL: order.inputs, images.BASE_LABEL: _base_made(adapters, image)}
    made = ""
    if image.rootfs:
        origin = image.rootfs
        hear(f"pulling {image.rootfs}")
        if not adapters.images.pull(image.rootfs):
            hear("no image registry answers: making a Debian root file system with debootstrap")
            script = adapters.image_folders.folder(root, image) / adapters.image_folders.ROOTFS_SCRIPT
            made = heard(adapters.images.make_rootfs(script, mirrors, held), hear)
            args["ROOTFS"], origin = made, "debootstrap"
        labels[images.ROOTFS_LABEL] = origin
    folder, context = adapters.image_folders.folder(root, image), adapters.image_folders.context(root, image)
    # The base is never made of an earlier build's layers: its packages would be older than the day that it says.
    cached = order.cached and not image.rootfs
    request = adapters.images.Build(image.reference, folder, context, labels, args, mirrors, cached)
    try:
        return heard(adapters.images.build(request, held), hear)
    finally:
        if made:
            adapters.images.remove(made)


def _base_made(adapters: Adapters, image: ImageSource) -> str:
    """When the base was made that an image is about to stand on: its own parents say it, the base itself is made now."""
    if image.rootfs:
        return adapters.clock.utc().isoformat(timespec="seconds")
    there = adapters.images.present(image.parents).values()
    return min((parent.base or parent.created for parent in there), default="")


def _failed(adapters: Adapters, image: ImageSource, lines: Sequence[str], why: str, hint: str) -> HostError:
    end = "\n".join(f"  {line}" for line in lines[-_TAIL:])
    again = f"then: dm images build {image.name}"
    try:
        log = adapters.state.write_log("images", image.name, "\n".join(lines) + "\n")
        again = f"the whole output is in {adapters.repository.relative(log)}; {again}"
    except HostError as unwritten:
        # On a full disk a build fails, and so does keeping its output: the user must hear of the build.
        again = f"its whole output could not be kept ({unwritten.message}); {again}"
    return HostError(
        f"the image {image.reference} could not be built: {why}\n{end}", f"{hint}; {again}" if hint else again
    )


def _nobody(_state: BuildState) -> None:
    """Watch nothing."""
