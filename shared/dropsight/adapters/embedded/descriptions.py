"""What a file system has no place for: content type and metadata of each object version."""

from __future__ import annotations

import json
import mimetypes
from dataclasses import dataclass, field
from pathlib import Path

from dropsight.adapters.embedded.database import Database

SCHEMA = """
CREATE TABLE IF NOT EXISTS descriptions (
    bucket TEXT NOT NULL, name TEXT NOT NULL, generation INTEGER NOT NULL,
    content_type TEXT NOT NULL, metadata TEXT NOT NULL,
    PRIMARY KEY (bucket, name, generation)
) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class Description:
    content_type: str
    metadata: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of_file(cls, name: str) -> Description:
        """For a file that somebody copied in: by its ending, as `gcloud storage cp` does."""
        return cls(mimetypes.guess_type(name)[0] or "application/octet-stream")


class Descriptions:
    """Descriptions by (bucket, name, generation): one of an older version is never taken for that
    of a file copied over it."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path, SCHEMA)

    def get(self, bucket: str, name: str, generation: int) -> Description | None:
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT content_type, metadata FROM descriptions"
                " WHERE bucket = ? AND name = ? AND generation = ?",
                (bucket, name, generation),
            ).fetchone()
        return Description(row[0], json.loads(row[1])) if row else None

    def all(self, bucket: str) -> dict[tuple[str, int], Description]:
        """By (name, generation)."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT name, generation, content_type, metadata FROM descriptions"
                " WHERE bucket = ?",
                (bucket,),
            ).fetchall()
        return {(name, age): Description(kind, json.loads(said)) for name, age, kind, said in rows}

    def put(self, bucket: str, name: str, generation: int, description: Description) -> None:
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO descriptions VALUES (?, ?, ?, ?, ?)",
                (
                    bucket,
                    name,
                    generation,
                    description.content_type,
                    json.dumps(description.metadata),
                ),
            )

    def prune(self, bucket: str, name: str, keep: int | None = None) -> None:
        """Forget all versions of `name` but `keep`."""
        with self._database.transaction() as connection:
            connection.execute(
                "DELETE FROM descriptions WHERE bucket = ? AND name = ? AND generation IS NOT ?",
                (bucket, name, keep),
            )
