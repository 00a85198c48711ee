"""The S3 lake and its objects. The only module that imports the MinIO client."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from datameesh_cli.adapters import files
from datameesh_cli.core.kind import Trust
from datameesh_cli.errors import DmError, UnhealthyError, UserError

if TYPE_CHECKING:
    from minio import Minio
    from urllib3 import PoolManager

PART_SIZE = 16 * 2**20
"""A stream of unknown length is sent in parts of this size; the server buffers one part, and it has little memory."""

_IN_MEMORY = 8 * 2**20
"""Content that is written first is kept in memory up to this size, then in a temporary file."""

_MISSING = ("NoSuchKey", "NoSuchBucket", "NoSuchVersion")
_REFUSED = ("AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch")


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One object: its key in the bucket, its size in bytes, its checksum as the store tells it."""

    key: str
    size: int
    etag: str


@dataclass(frozen=True, slots=True)
class ObjectStore:
    """An S3 server at `endpoint` (host:port), used with one key pair. It speaks TLS where there is something to trust."""

    endpoint: str
    access_key: str
    secret_key: str
    trust: Trust | None = None

    def put(self, bucket: str, key: str, data: bytes | BinaryIO) -> None:
        """Given a bucket, a key and bytes or a stream of any length, store them: whole or not at all."""
        import io

        stream: BinaryIO = io.BytesIO(data) if isinstance(data, bytes) else data
        with self._explained(f"write {bucket}/{key}"):
            if isinstance(data, bytes):
                self._client().put_object(bucket, key, stream, len(data))
            else:
                self._client().put_object(bucket, key, stream, -1, part_size=PART_SIZE)

    def put_file(self, bucket: str, key: str, path: Path) -> None:
        """Given a bucket, a key and a local file, store its content."""
        with files.reading(path) as (stream, size), self._explained(f"write {bucket}/{key}"):
            self._client().put_object(bucket, key, stream, size)

    def put_written(self, bucket: str, key: str, write: Callable[[BinaryIO], int]) -> int:
        """Given a bucket, a key and what writes the content into a file, store it; return what the writing returned."""
        with files.spool(_IN_MEMORY) as content:
            written = write(content)
            content.seek(0)
            self.put(bucket, key, content)
        return written

    def get(self, bucket: str, key: str) -> bytes:
        """Given a bucket and a key, return the object's content. Raise UserError if it is not there."""
        return b"".join(self.read(bucket, key))

    def read(self, bucket: str, key: str) -> Iterator[bytes]:
        """Given a bucket and a key, yield the object's content in pieces. Raise UserError if it is not there."""
        with self._explained(f"read {bucket}/{key}"):
            answer = self._client().get_object(bucket, key)
            try:
                yield from answer.stream(2**20)
            finally:
                answer.close()
                answer.release_conn()

    def list(self, bucket: str, prefix: str = "") -> tuple[StoredObject, ...]:
        """Given a bucket and a prefix, return the objects below it at any depth, by key.

        Raise UserError for an unknown bucket.
        """
        with self._explained(f"list {bucket}/{prefix}"):
            found = self._client().list_objects(bucket, prefix=prefix or None, recursive=True)
            return tuple(StoredObject(o.object_name or "", o.size or 0, (o.etag or "").strip('"')) for o in found)

    def stat(self, bucket: str, key: str) -> StoredObject | None:
        """Given a bucket and a key, return what is known of the object, or None if it is not there."""
        from minio.error import S3Error

        with self._explained(f"look at {bucket}/{key}"):
            try:
                found = self._client().stat_object(bucket, key)
            except S3Error as error:
                if error.code in _MISSING:
                    return None
                raise
            return StoredObject(key, found.size or 0, (found.etag or "").strip('"'))

    def remove(self, bucket: str, key: str) -> None:
        """Given a bucket and a key, remove the object if it is there; in a versioned bucket its versions stay."""
        with self._explained(f"remove {bucket}/{key}"):
            self._client().remove_object(bucket, key)

    def _client(self) -> Minio:
        from minio import Minio

        # The region is named so that no request is spent on asking for it.
        return Minio(
            self.endpoint,
            self.access_key,
            self.secret_key,
            secure=self.trust is not None,
            region="us-east-1",
            http_client=_connections(self.trust),
        )

    @contextmanager
    def _explained(self, doing: str) -> Iterator[None]:
        from minio.error import InvalidResponseError, S3Error, ServerError
        from urllib3.exceptions import HTTPError, MaxRetryError, SSLError

        try:
            yield
        except S3Error as error:
            raise _refusal(doing, error.code or "", error.message or "") from error
        except ValueError as error:  # the client's own opinion of a bucket's or key's name
            raise UserError(f"cannot {doing}: {error}", "correct the name") from error
        except (HTTPError, InvalidResponseError, ServerError) as error:
            said, hint = f"no object store answers at {self.endpoint}", "see: ./dm status, ./dm logs"
            if isinstance(error, MaxRetryError) and isinstance(error.reason, SSLError):
                said = f"what answers at {self.endpoint} shows no certificate of this stack's authority"
                hint = "does another program have the port, or an older stack? see: ./dm urls, ./dm up"
            raise UnhealthyError(f"cannot {doing}: {said}", hint) from error


def _connections(trust: Trust | None) -> PoolManager:
    from urllib3 import PoolManager, Retry, Timeout

    named: dict[str, Any] = {}
    if trust:
        # The address is many, the name is one.
        named = {"cert_reqs": "CERT_REQUIRED", "ca_certs": trust.authority}
        named |= {"server_hostname": trust.name, "assert_hostname": trust.name}

    # The client's own default waits five minutes, six times over.
    retry = Retry(total=4, backoff_factor=0.2, status_forcelist=[500, 502, 503, 504])
    return PoolManager(timeout=Timeout(connect=5, read=60), retries=retry, maxsize=10, **named)


def _refusal(doing: str, code: str, said: str) -> DmError:
    if code in _MISSING:
        return UserError(f"cannot {doing}: it does not exist", "list what is there, or load data: ./dm seed")
    if code in _REFUSED:
        return UserError(
            f"cannot {doing}: {said or code}",
            "the key pair is wrong, or its policy does not allow this: ./dm credentials",
        )
    return UnhealthyError(f"cannot {doing}: {code} {said}".rstrip(), "see: ./dm status, ./dm logs")
