"""Whoever asks Firestore over REST: a signed-in user, a stranger, or the emulator's owner."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import dataclass
from typing import Any

import urllib3

from dropsight.adapters.gcp.values import to_fields

HTTP = urllib3.PoolManager(retries=False, timeout=30.0)
OK, DENIED = 200, 403


def unsigned_token(project: str, uid: str, claims: dict[str, Any]) -> str:
    """An ID token as Firebase Auth makes them (JWT, RFC 7519), without a signature: emulators take
    those. https://firebase.google.com/docs/rules/unit-tests"""
    now = int(time.time())
    payload = {
        "iss": f"https://securetoken.google.com/{project}",
        "aud": project,
        "auth_time": now,
        "iat": now,
        "exp": now + 3600,
        "sub": uid,
        "user_id": uid,
        "firebase": {"sign_in_provider": "password", "identities": {}},
        **claims,
    }
    parts = ({"alg": "none", "typ": "JWT"}, payload)
    encoded = (base64.urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=") for one in parts)
    return f"{b'.'.join(encoded).decode()}."


@dataclass(frozen=True)
class Visitor:
    """`token` None: somebody who has not signed in."""

    host: str
    project: str
    token: str | None

    def get(self, path: str) -> int:
        return self._ask("GET", f"/{path}")

    def find(self, collection: str, where: dict[str, Any] | None = None, parent: str = "") -> int:
        """The status of a query of the collection, with one filter."""
        query: dict[str, Any] = {"from": [{"collectionId": collection}]}
        if where is not None:
            query["where"] = {"fieldFilter": where}
        return self._ask("POST", f"{parent and f'/{parent}'}:runQuery", {"structuredQuery": query})

    def put(self, path: str, fields: dict[str, Any]) -> int:
        """Create or replace the document."""
        return self._write({"update": self._document(path, fields)})

    def create(self, path: str, fields: dict[str, Any], *times: str) -> int:
        """As the official client does; fields named by `times` are set to the request's time."""
        write = {
            "update": self._document(path, fields),
            "updateTransforms": [
                {"fieldPath": name, "setToServerValue": "REQUEST_TIME"} for name in times
            ],
            "currentDocument": {"exists": False},
        }
        return self._write(write)

    def change(self, path: str, fields: dict[str, Any]) -> int:
        """Set single fields of a document that is there."""
        write = {
            "update": self._document(path, fields),
            "updateMask": {"fieldPaths": list(fields)},
            "currentDocument": {"exists": True},
        }
        return self._write(write)

    def delete(self, path: str) -> int:
        return self._write({"delete": f"{self._root}/{path}"})

    @property
    def _root(self) -> str:
        return f"projects/{self.project}/databases/(default)/documents"

    def _document(self, path: str, fields: dict[str, Any]) -> dict[str, Any]:
        return {"name": f"{self._root}/{path}", "fields": to_fields(fields)}

    def _write(self, write: dict[str, Any]) -> int:
        return self._ask("POST", ":commit", {"writes": [write]})

    def _ask(self, method: str, target: str, body: Any = None) -> int:
        answer = HTTP.request(
            method,
            f"http://{self.host}/v1/{self._root}{target}",
            body=None if body is None else json.dumps(body),
            headers={} if self.token is None else {"authorization": f"Bearer {self.token}"},
        )
        assert answer.status in (OK, DENIED), answer.data
        return answer.status
