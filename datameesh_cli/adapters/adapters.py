"""Everything outside the program that a use case may touch, in one frozen value built by `adapters_for`.

Use cases import no other adapter (`tests/contract/test_seam.py`), so a test can put a part of its own in the place of any field.
"""

from __future__ import annotations

import datetime
import importlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from datameesh_cli.adapters import clock, host, interrupts
from datameesh_cli.adapters.compose import Compose
from datameesh_cli.adapters.engine import Engine
from datameesh_cli.adapters.repository import Repository
from datameesh_cli.adapters.state import State
from datameesh_cli.core.stack import DEFAULT_NAME, project_name
from datameesh_cli.core.stream import Stream

if TYPE_CHECKING:
    from datameesh_cli.adapters import (
        export_folder,
        host_mirrors,
        image_builder,
        image_bundle,
        image_folders,
        kompose,
        kubectl,
        kubernetes_schema,
        line_editor,
        net_rules,
        network,
        password_hash,
        postgres,
        sealing,
    )
    from datameesh_cli.adapters.authority import Authority
    from datameesh_cli.adapters.cluster_access import ClusterAccess
    from datameesh_cli.adapters.compose_target import ComposeTarget
    from datameesh_cli.adapters.dbt_files import DbtFiles
    from datameesh_cli.adapters.held import Held
    from datameesh_cli.adapters.image_bundle import Bundles
    from datameesh_cli.adapters.kompose import Kompose
    from datameesh_cli.adapters.kubernetes_target import KubernetesTarget
    from datameesh_cli.adapters.net_rules import Rules
    from datameesh_cli.adapters.network import Network
    from datameesh_cli.adapters.object_store import ObjectStore
    from datameesh_cli.adapters.password_hash import Hashes
    from datameesh_cli.adapters.sealing import Sealing
    from datameesh_cli.adapters.trino import Trino
    from datameesh_cli.core.images import ImageSource
    from datameesh_cli.core.k8s.objects import Objects
    from datameesh_cli.core.k8s.source import File
    from datameesh_cli.core.machine import Facts


class Clock(Protocol):
    """Time (`adapters/clock.py`)."""

    def now(self) -> float: ...
    def utc(self) -> datetime.datetime: ...
    def sleep(self, seconds: float) -> None: ...


class Host(Protocol):
    """The user's machine (`adapters/host.py`)."""

    def environment(self) -> dict[str, str]: ...
    def user(self) -> int: ...
    def user_name(self) -> str: ...
    def has_address(self, address: str) -> bool: ...
    def is_port_free(self, address: str, port: int) -> bool: ...
    def port_holder(self, port: int) -> str | None: ...


class Lines(Protocol):
    """Lines that a person types (`adapters/line_editor.py`)."""

    def line_editor(self, history: Path) -> AbstractContextManager[None]: ...
    def read_line(self, prompt: str) -> str | None: ...


class Images(Protocol):
    """The engine's images (`adapters/image_builder.py`)."""

    @property
    def Build(self) -> type[image_builder.Build]: ...
    def present(self, references: Sequence[str]) -> dict[str, image_builder.Present]: ...
    def user_of(self, reference: str) -> str | None: ...
    def pull(self, reference: str) -> bool: ...
    def remove(self, reference: str) -> None: ...
    def build(self, request: image_builder.Build, held: Held | None = None) -> Stream[int]: ...
    def make_rootfs(self, script: Path, mirrors: host_mirrors.HostMirrors, held: Held | None = None) -> Stream[str]: ...


class ImageFolders(Protocol):
    """What images are made from (`adapters/image_folders.py`)."""

    ROOTFS_SCRIPT: str

    def read_images(self, root: Path) -> tuple[ImageSource, ...]: ...
    def folder(self, root: Path, image: ImageSource) -> Path: ...
    def context(self, root: Path, image: ImageSource) -> Path: ...
    def input_files(self, root: Path, image: ImageSource) -> Mapping[str, bytes]: ...


class Export(Protocol):
    """The folder of an export (`adapters/export_folder.py`)."""

    REPORT: str

    def texts(self, layout: Mapping[str, Any], report: Mapping[str, Any]) -> dict[str, str]: ...
    def objects(self, texts: Mapping[str, str]) -> Objects: ...
    def read(self, folder: Path) -> dict[str, str] | None: ...
    def refuse_foreign(self, folder: Path) -> None: ...
    def replace(self, folder: Path, content: Mapping[str, str]) -> None: ...
    def scratch(self, text: str) -> AbstractContextManager[Path]: ...
    def read_files(self, path: Path, what: str) -> tuple[File, ...]: ...


class Schemas(Protocol):
    """The schemas of Kubernetes (`adapters/kubernetes_schema.py`)."""

    VERSION: str

    def prepare(self) -> None: ...
    def problems(self, objects: Sequence[Mapping[str, Any]]) -> list[str]: ...


class Kubectl(Protocol):
    """A cluster that takes an export (`adapters/kubectl.py`)."""

    def dry_run(self, objects: Sequence[Mapping[str, Any]], context: str) -> list[str]: ...
    def apply_folder(self, folder: Path, context: str) -> list[str]: ...
    def apply_objects(self, objects: Sequence[Mapping[str, Any]], context: str) -> list[str]: ...
    def secrets(self, names: Sequence[str], namespace: str, context: str) -> dict[str, str]: ...
    def remove_idle_jobs(self, names: Sequence[tuple[str, str]], context: str) -> None: ...


class Databases(Protocol):
    """The domains' databases (`adapters/postgres.py`)."""

    @property
    def Login(self) -> type[postgres.Login]: ...
    @property
    def session(self) -> Callable[..., AbstractContextManager[postgres.DatabaseSession]]: ...


if TYPE_CHECKING:
    _whole: tuple[
        Lines,
        Images,
        ImageFolders,
        Bundles,
        Export,
        Kompose,
        Schemas,
        Kubectl,
        Databases,
        Network,
        Rules,
        Hashes,
        Sealing,
    ] = (
        *(
            line_editor,
            image_builder,
            image_folders,
            image_bundle,
            export_folder,
            kompose,
            kubernetes_schema,
            kubectl,
            postgres,
            network,
            net_rules,
            password_hash,
            sealing,
        ),
    )
    """The modules that `_Later` stands for do what is said of them."""


@dataclass(frozen=True, slots=True)
class _Later:
    """An adapter, or what one module of them defines, that is imported when it is first used: `dm urls` uses few."""

    module: str
    name: str = ""

    def __getattr__(self, wanted: str) -> Any:
        return getattr(self._itself(), wanted)

    def __call__(self, *values: Any, **named: Any) -> Any:
        return self._itself()(*values, **named)

    def _itself(self) -> Any:
        found = importlib.import_module(f"datameesh_cli.adapters.{self.module}")
        return getattr(found, self.name) if self.name else found


def _later(module: str, name: str = "") -> Any:
    return _Later(module, name)


@dataclass(frozen=True)
class Adapters:
    """The stack's files, its engine, the machine, and what makes the connections to a running stack."""

    repository: Repository
    state: State
    engine: Engine
    compose: Compose
    project: str
    clock: Clock
    undisturbed: Callable[[], AbstractContextManager[None]]
    host: Host
    lines: Lines
    look: Callable[..., Facts]
    repair: Callable[[str, str, Path], None]
    mirrors: Callable[[], host_mirrors.HostMirrors]
    images: Images
    image_folders: ImageFolders
    bundles: Bundles
    held: type[Held]
    export: Export
    kompose: Kompose
    network: Network
    rules: Rules
    schemas: Schemas
    score: Callable[[Objects], list[tuple[str, str]] | None]
    kubectl: Kubectl
    cluster: type[ClusterAccess]
    chosen_context: Callable[[str | None], str]
    compose_target: type[ComposeTarget]
    kubernetes_target: type[KubernetesTarget]
    trino: type[Trino]
    store: type[ObjectStore]
    databases: Databases
    authority: type[Authority]
    hashes: Hashes
    sealing: Sealing
    dbt_files: type[DbtFiles]

    @cached_property
    def name(self) -> str:
        """The stack's name."""
        return self.state.name


def adapters_for(name: str = DEFAULT_NAME, root: Path | None = None, state_root: Path | None = None) -> Adapters:
    """Given a stack's name, return all adapters for it. Raise UserError for a name that can't be one."""
    project = project_name(name)
    repository = Repository(root or Path(__file__).resolve().parents[2])
    state = State(state_root or repository.root / ".dm", name)
    return Adapters(
        repository=repository,
        state=state,
        engine=Engine(),
        compose=Compose(repository.compose_file, project, state.env_file),
        project=project,
        clock=clock,
        undisturbed=interrupts.held_back,
        host=host,
        lines=_later("line_editor"),
        look=_later("host_facts", "look"),
        repair=_later("host_repair", "repair"),
        mirrors=_later("host_mirrors", "host_mirrors"),
        images=_later("image_builder"),
        image_folders=_later("image_folders"),
        bundles=_later("image_bundle"),
        held=_later("held", "Held"),
        export=_later("export_folder"),
        kompose=_later("kompose"),
        network=_later("network"),
        rules=_later("net_rules"),
        schemas=_later("kubernetes_schema"),
        score=_later("kube_score", "critical"),
        kubectl=_later("kubectl"),
        cluster=_later("cluster_access", "ClusterAccess"),
        chosen_context=_later("cluster_access", "chosen_context"),
        compose_target=_later("compose_target", "ComposeTarget"),
        kubernetes_target=_later("kubernetes_target", "KubernetesTarget"),
        trino=_later("trino", "Trino"),
        store=_later("object_store", "ObjectStore"),
        databases=_later("postgres"),
        authority=_later("authority", "Authority"),
        hashes=_later("password_hash"),
        sealing=_later("sealing"),
        dbt_files=_later("dbt_files", "DbtFiles"),
    )
