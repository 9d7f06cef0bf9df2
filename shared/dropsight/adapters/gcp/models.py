"""The models that are served, in Firestore, where web clients read them: `models/{name}`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dropsight.adapters.gcp.collection import MOST_WRITES, Collection
from dropsight.adapters.gcp.session import Session

MODELS = "models"


class FirestoreModelCatalogue:
    """Written by the deployment alone."""

    def __init__(self, session: Session, project: str) -> None:
        self._collection = Collection(session, project, MODELS)

    def publish(self, models: Mapping[str, dict[str, Any]]) -> list[str]:
        """JSON-like builtins by name: these are there afterwards, and no others.

        May be repeated. Returns the names that were removed. Raises MessageInvalid for what
        Firestore refuses (a card over 1 MiB), BackendUnavailable.
        """
        for name, plain in models.items():
            self._collection.write(name, plain)
        removed = []
        while gone := [one for one in self._collection.keys(MOST_WRITES) if one not in models]:
            self._collection.delete(*gone)
            removed += gone
        return removed
