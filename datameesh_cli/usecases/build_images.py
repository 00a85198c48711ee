"""`dm images`: build what is missing or out of date, list, and carry all images in one file."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from datameesh_cli.adapters import clock, files, host_mirrors, image_builder, image_folders
from datameesh_cli.adapters.host_mirrors import HostMirrors
from datameesh_cli.adapters.outside import Outside
from datameesh_cli.core import images
from datameesh_cli.core.images import ImageSource
from datameesh_cli.errors import HostError, UserError

T = TypeVar("T")
Say = Callable[[str], None]
Watch = Callable[[str, str, float], None]
"""Gets the image, a line of its build output, and the seconds since its build began."""

_TAIL = 15


@dataclass(frozen=True, slots=True)
class Built:
    """One image that was asked for: whether it had to be built, in how many seconds, and its size in MiB."""

    reference: str
    built: bool
    seconds: float
    size: int


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


@dataclass(frozen=True, slots=True)
class Bundle:
    """A file with images: where it is, its size in MiB, and what is in it."""

    file: Path
    size: int
    images: tuple[str, ...]


def build_images(
    outside: Outside, names: Sequence[str], watch: Watch, done: Callable[[Built], None]
) -> tuple[Built, ...]:
    """Given image names (all that services use if none), build those that are missing or out of date, parents first.

    `watch` gets each line of output, `done` each image when it is ready. Raise HostError, with the end of the output, if one
    fails; what was built before stays valid.
    """
    everyone = image_folders.read_images(outside.repository.root)
    wanted = images.named(everyone, names) if names else _shipped(outside, everyone)
    return _build(outside, everyone, wanted, watch, done)


def build_missing(outside: Outside, references: Iterable[str], say: Say) -> tuple[Built, ...]:
    """Given the images that services use, build those of ours that the engine has not; say so of one that is out of date."""
    everyone = image_folders.read_images(outside.repository.root)
    asked = set(references)
    used = tuple(i for i in everyone if i.reference in asked)
    there = image_builder.present([i.reference for i in used])
    hashes = _hashes(outside, everyone)
    for reference, image in there.items():
        if image.inputs and image.inputs != hashes[reference]:
            name = reference.removeprefix(images.PREFIX).split(":")[0]
            say(f"{reference} is older than its folder; to bring it up to date: dm images build {name}")
    missing = [i for i in used if i.reference not in there]
    if not missing:
        return ()
    say("building images that are not here yet: " + ", ".join(i.name for i in missing))
    return _build(
        outside, everyone, missing, _silent, lambda b: say(f"  {b.reference} built in {b.seconds:.1f} s ({b.size} MiB)")
    )


def list_images(outside: Outside) -> tuple[ImageRow, ...]:
    """Return every image that the repository makes, in build order, with what the engine has of it."""
    everyone = image_folders.read_images(outside.repository.root)
    hashes = _hashes(outside, everyone)
    there = image_builder.present([i.reference for i in everyone])
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


def save_images(outside: Outside, file: Path) -> Bundle:
    """Given a file, write every image that services use into it, whole or not at all. Raise HostError if one is missing."""
    references = [i.reference for i in _shipped(outside, image_folders.read_images(outside.repository.root))]
    there = image_builder.present(references)
    missing = [r for r in references if r not in there]
    if missing:
        raise HostError("missing images: " + ", ".join(missing), "run: dm images build")
    if files.is_folder(file):
        raise UserError(f"{file} is a folder", f"name a file: dm images save {file / 'datameesh-images.tar'}")
    image_builder.save(references, file)
    return Bundle(file, files.size(file) // 2**20, tuple(references))


def load_images(file: Path) -> Bundle:
    """Given a file that `save` wrote, hand its images to the engine. Raise UserError if it is not one."""
    loaded = image_builder.load(file)
    return Bundle(file, files.size(file) // 2**20, loaded)


def _shipped(outside: Outside, everyone: Sequence[ImageSource]) -> tuple[ImageSource, ...]:
    return images.shipped(everyone, (s.image for s in outside.repository.model().services))


def _hashes(outside: Outside, everyone: Sequence[ImageSource]) -> dict[str, str]:
    root = outside.repository.root
    return images.input_hashes(everyone, {i.name: image_folders.input_files(root, i) for i in everyone})


def _build(
    outside: Outside,
    everyone: Sequence[ImageSource],
    wanted: Sequence[ImageSource],
    watch: Watch,
    done: Callable[[Built], None],
) -> tuple[Built, ...]:
    hashes = _hashes(outside, everyone)
    there = image_builder.present([i.reference for i in everyone])
    todo = images.to_build(everyone, wanted, hashes, {r: p.inputs for r, p in there.items()})
    mirrors = host_mirrors.host_mirrors()
    results = []
    for image in (i for i in everyone if i in todo or i in wanted):
        began = clock.now()
        if image in todo:
            _build_one(outside, image, hashes[image.reference], mirrors, watch)
        size = image_builder.present([image.reference])[image.reference].size
        result = Built(image.reference, image in todo, clock.now() - began, size)
        if image in todo and image.reference in there:
            image_builder.remove(there[image.reference].id)
        done(result)
        results.append(result)
    return tuple(results)


def _build_one(outside: Outside, image: ImageSource, inputs: str, mirrors: HostMirrors, watch: Watch) -> None:
    """Build one image; keep its whole output in the state folder, and its end for the error."""
    root = outside.repository.root
    began = clock.now()
    lines: list[str] = []

    def hear(line: str) -> None:
        lines.append(line)
        watch(image.reference, line, clock.now() - began)

    try:
        code = _run_build(root, image, inputs, mirrors, hear)
    except HostError as failed:
        raise _failed(outside, image, lines, failed.message, failed.hint) from failed
    if code:
        raise _failed(outside, image, lines, f"the build ended with exit code {code}", "")


def _run_build(root: Path, image: ImageSource, inputs: str, mirrors: HostMirrors, hear: Callable[[str], None]) -> int:
    args = dict(mirrors.args)
    labels = {images.INPUTS_LABEL: inputs}
    made = ""
    if image.rootfs:
        origin = image.rootfs
        hear(f"pulling {image.rootfs}")
        if not image_builder.pull(image.rootfs):
            hear("no image registry answers: making a Debian root file system with debootstrap")
            script = image_folders.folder(root, image) / image_folders.ROOTFS_SCRIPT
            made = _drain(image_builder.make_rootfs(script, mirrors), hear)
            args["ROOTFS"], origin = made, "debootstrap"
        labels[images.ROOTFS_LABEL] = origin
    folder, context = image_folders.folder(root, image), image_folders.context(root, image)
    request = image_builder.Build(image.reference, folder, context, labels, args, mirrors.secrets)
    try:
        return _drain(image_builder.build(request), hear)
    finally:
        if made:
            image_builder.remove(made)


def _drain(running: Generator[str, None, T], hear: Callable[[str], None]) -> T:
    """Hand every line of a generator to `hear` and return what the generator returns."""
    while True:
        try:
            hear(next(running))
        except StopIteration as ended:
            result: T = ended.value
            return result


def _failed(outside: Outside, image: ImageSource, lines: Sequence[str], why: str, hint: str) -> HostError:
    log = outside.state.root / "images" / f"{image.name}.log"
    end = "\n".join(f"  {line}" for line in lines[-_TAIL:])
    again = f"then: dm images build {image.name}"
    try:
        files.make_folder(log.parent)
        files.write(log, "\n".join(lines) + "\n")
        again = f"the whole output is in {outside.repository.relative(log)}; {again}"
    except HostError as unwritten:
        # On a full disk a build fails, and so does keeping its output: the user must hear of the build.
        again = f"its whole output could not be kept ({unwritten.message}); {again}"
    return HostError(
        f"the image {image.reference} could not be built: {why}\n{end}", f"{hint}; {again}" if hint else again
    )


def _silent(_image: str, _line: str, _seconds: float) -> None:
    """Watch nothing."""
