"""Cloud Storage over its JSON API. https://cloud.google.com/storage/docs/json_api/v1/objects"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from dropsight.adapters.gcp.session import Response, Session
from dropsight.domain.errors import BackendUnavailable, ObjectGone, PreconditionFailed
from dropsight.ports import ObjectInfo

NOT_FOUND = 404
PRECONDITION_FAILED = 412
PIECE = 8 * 1024 * 1024
"""Bytes of one request of `read_pieces`."""


class CloudObjectStore:
    """ObjectStore in Cloud Storage.

    Versions are asked for with `ifGenerationMatch`, not `generation`: in a bucket that keeps old
    versions the latter would find what is no longer live. The answer is checked as well, since
    some emulators ignore the condition.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def stat(self, bucket: str, name: str, generation: int | None = None) -> ObjectInfo:
        response = self._get(bucket, name, {"ifGenerationMatch": generation})
        info = _info(bucket, response.json())
        _expect(bucket, name, generation, info.generation)
        return info

    def read(self, bucket: str, name: str, generation: int | None = None) -> bytes:
        response = self._get(bucket, name, {"alt": "media", "ifGenerationMatch": generation})
        found = response.headers.get("x-goog-generation")
        _expect(bucket, name, generation, int(found) if found else generation)
        return response.data

    def read_pieces(self, info: ObjectInfo, size: int = PIECE) -> Iterator[bytes]:
        """The content of exactly this version, in pieces: what is large need not fit into memory.

        A piece that is interrupted is asked for again, not the whole. Raises as `read` does.
        """
        for start in range(0, info.size, size):
            end = min(start + size, info.size) - 1
            response = self._get(
                info.bucket,
                info.name,
                {"alt": "media", "ifGenerationMatch": info.generation},
                {"range": f"bytes={start}-{end}"},
            )
            if len(response.data) != end - start + 1:
                raise BackendUnavailable(
                    f"object {info.name} in {info.bucket}: asked for bytes {start} to {end}, found "
                    f"{len(response.data)} bytes"
                )
            yield response.data

    def write(
        self,
        bucket: str,
        name: str,
        data: bytes,
        content_type: str = "application/octet-stream",
        *,
        if_generation_match: int | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> ObjectInfo:
        """One multipart upload. After a lost answer it is sent again, so that PreconditionFailed
        may mean that our own first sending did arrive."""
        resource = {"name": name, "contentType": content_type, "metadata": dict(metadata or {})}
        boundary = uuid.uuid4().hex
        body = b"".join(
            (
                f"--{boundary}\r\ncontent-type: application/json; charset=UTF-8\r\n\r\n".encode(),
                json.dumps(resource).encode(),
                f"\r\n--{boundary}\r\ncontent-type: {content_type}\r\n\r\n".encode(),
                data,
                f"\r\n--{boundary}--\r\n".encode(),
            )
        )
        response = self._session.request(
            "POST",
            f"/upload/storage/v1/b/{quote(bucket, safe='')}/o",
            {"uploadType": "multipart", "ifGenerationMatch": if_generation_match},
            body,
            f"multipart/related; boundary={boundary}",
            allow=(NOT_FOUND, PRECONDITION_FAILED),
        )
        _bucket_exists(bucket, response)
        if response.status == PRECONDITION_FAILED:
            raise PreconditionFailed(
                f"object {name} in {bucket}: the live generation is not the expected "
                f"{if_generation_match or 'none'}"
            )
        return _info(bucket, response.json())

    def delete(self, bucket: str, name: str, generation: int | None = None) -> None:
        self._session.request(
            "DELETE",
            _path(bucket, name),
            {"ifGenerationMatch": generation},
            allow=(NOT_FOUND, PRECONDITION_FAILED),
        )

    def list(self, bucket: str, prefix: str = "") -> Iterator[ObjectInfo]:
        """One request for each 1,000 objects, made as they are asked for."""
        page: str | None = None
        while True:
            response = self._session.request(
                "GET",
                f"/storage/v1/b/{quote(bucket, safe='')}/o",
                {"prefix": prefix or None, "pageToken": page},
                allow=(NOT_FOUND,),
            )
            _bucket_exists(bucket, response)
            body = response.json()
            for item in body.get("items", ()):
                yield _info(bucket, item)
            page = body.get("nextPageToken")
            if not page:
                return

    def _get(
        self,
        bucket: str,
        name: str,
        query: Mapping[str, str | int | None],
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        response = self._session.request(
            "GET",
            _path(bucket, name),
            query,
            headers=headers,
            allow=(NOT_FOUND, PRECONDITION_FAILED),
        )
        if response.status in (NOT_FOUND, PRECONDITION_FAILED):
            raise _gone(bucket, name, query["ifGenerationMatch"])
        return response


def _path(bucket: str, name: str) -> str:
    return f"/storage/v1/b/{quote(bucket, safe='')}/o/{quote(name, safe='')}"


def _info(bucket: str, resource: Mapping[str, Any]) -> ObjectInfo:
    return ObjectInfo(
        bucket=bucket,
        name=resource["name"],
        generation=int(resource["generation"]),
        size=int(resource["size"]),
        content_type=resource.get("contentType", "application/octet-stream"),
        metadata=resource.get("metadata", {}),
    )


def _bucket_exists(bucket: str, response: Response) -> None:
    if response.status == NOT_FOUND:
        raise BackendUnavailable(
            f"bucket {bucket}: does not exist or is not ours to see; create it, or correct what "
            "names it: a DROPSIGHT_…_BUCKET variable, or the artifact.path of a model.yaml"
        )


def _expect(bucket: str, name: str, generation: int | None, found: int | None) -> None:
    if generation not in (None, found):
        raise _gone(bucket, name, generation)


def _gone(bucket: str, name: str, generation: int | str | None) -> ObjectGone:
    return ObjectGone(
        f"object {name} in {bucket}: {f'generation {generation}' if generation else 'it'} is no "
        "longer there; upload the file again if it is still wanted"
    )
