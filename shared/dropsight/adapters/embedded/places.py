"""Where a laptop installation keeps what, below `Settings.root`."""

from __future__ import annotations

from pathlib import Path

from dropsight.settings import Settings


def bucket_folders(settings: Settings) -> dict[str, Path]:
    """Folder by bucket name. People see the landing bucket; the others are out of their way."""
    return {
        settings.landing_bucket: settings.root / "bucket",
        settings.work_bucket: settings.state / "work",
        settings.results_bucket: settings.state / "results",
    }


def objects_state(settings: Settings) -> Path:
    return settings.state / "objects"


def queue_file(settings: Settings) -> Path:
    return settings.state / "queue.db"


def documents_file(settings: Settings) -> Path:
    """Results and dead letters; apart from the queue, for SQLite locks whole files for writing."""
    return settings.state / "documents.db"
