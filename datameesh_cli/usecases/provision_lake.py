"""Make the lake's policies and people what the repository says they are. Safe to repeat."""

from __future__ import annotations

from dataclasses import dataclass

from datameesh_cli.adapters import host
from datameesh_cli.adapters.object_store import ObjectStore
from datameesh_cli.adapters.outside import Outside
from datameesh_cli.core.lake import LakeUser, lake_users_from
from datameesh_cli.usecases.plan_memory import plan_memory

LAKE = "datalake"
BACKUPS = "backups"
KEPT_DAYS = 7
"""How long versions of replaced objects are kept: each rewrite of a table would otherwise stay for ever."""


@dataclass(frozen=True, slots=True)
class ProvisionedLake:
    """What is in force now."""

    policies: tuple[str, ...]
    users: tuple[LakeUser, ...]


def lake_of(outside: Outside) -> ObjectStore:
    """Return the stack's object store, with the root key. Raise HostError if the stack was never started."""
    port = next(p.host for p in plan_memory(outside, (), None).ports if p.variable == "MINIO_API_PORT")
    bind = host.bind_address()
    address = "127.0.0.1" if bind == "0.0.0.0" else bind
    secret = outside.state.secret
    return ObjectStore(f"{address}:{port}", secret("minio-access-key"), secret("minio-secret-key"))


def provision_lake(outside: Outside, store: ObjectStore) -> ProvisionedLake:
    """Given the stack's object store, bring its policies and people up to date.

    Raise UserError if a file that describes them is not valid.
    """
    config = outside.repository.root / "services" / "minio" / "config"
    # JSON is YAML: the repository's reader names file and line of a mistake in both.
    policies = {path.stem: outside.repository.read_yaml(path) for path in sorted((config / "policies").glob("*.json"))}
    file = config / "users.yaml"
    users = lake_users_from(outside.repository.read_yaml(file), policies, outside.repository.relative(file))
    outside.state.ensure_secrets(user.secret for user in users)
    for name, document in policies.items():
        store.ensure_policy(name, document)
    for user in users:
        store.ensure_user(user.name, outside.state.secret(user.secret), user.policy)
    store.expire_old_versions(LAKE, KEPT_DAYS)
    return ProvisionedLake(tuple(policies), users)
