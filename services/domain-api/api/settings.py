"""What a replica is told by its environment; secrets are files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """Everything that differs between the APIs of two domains, and between two installations."""

    title: str
    catalog: str
    replica: str
    database: str
    database_secret: str
    log: str
    log_secret: str
    issuer: str
    keys: str
    page_size: int
    most: int
    keep: float
    threads: int
    port: int
    drain: float
    secrets: str

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Settings:
        """Given an environment, return what it says."""
        get = environment.get
        return cls(
            title=get("API_TITLE", "API"),
            catalog=get("API_CATALOG", ""),
            replica=get("HOSTNAME", "api"),
            database=get("API_DB", ""),
            database_secret=get("API_DB_PASSWORD_FILE", ""),
            log=get("API_LOG_DB", ""),
            log_secret=get("API_LOG_DB_PASSWORD_FILE", ""),
            issuer=get("SIGN_IN_ISSUER", ""),
            keys=f"https://{get('SIGN_IN_SERVICE')}.svc.cluster.local:5556/keys" if get("SIGN_IN_SERVICE") else "",
            page_size=int(get("API_PAGE_SIZE", "20")),
            most=int(get("API_PAGE_SIZE_MOST", "200")),
            keep=float(get("API_KEEP_SECONDS", "1")),
            threads=int(get("API_THREADS", "3")),
            port=int(get("API_PORT", "5000")),
            drain=float(get("API_DRAIN_SECONDS", "2.5")),
            secrets=get("API_SECRETS", "/run/secrets"),
        )
