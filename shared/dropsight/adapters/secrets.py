"""Secrets: from the settings, or on a laptop made on first use and kept."""

from __future__ import annotations

import base64
import os
import secrets
from pathlib import Path

from dropsight.domain.webhooks import SECRET_PREFIX, read_secrets
from dropsight.settings import Settings


def pseudonym_key(settings: Settings) -> bytes:
    """The key of the pseudonyms: losing the laptop's own gives every patient a new one.

    Raises ValueError on `gcp` without a key.
    """
    if settings.pseudonym_key:
        return settings.pseudonym_key.encode()
    if settings.backend != "embedded":
        raise ValueError(
            "DROPSIGHT_PSEUDONYM_KEY: not set; give it a secret of at least 32 random characters"
        )
    return _kept(settings.state / "pseudonym.key", secrets.token_hex(32).encode())


def webhook_secrets(settings: Settings) -> tuple[bytes, ...]:
    """The keys that webhooks are signed with. Raises ValueError on `gcp` without one."""
    text = settings.webhooks.secret
    if not text and settings.backend != "embedded":
        raise ValueError(
            "DROPSIGHT_WEBHOOK_SECRET: not set; give it what `dropsight webhook secret --new` "
            "prints"
        )
    try:
        return read_secrets(text or laptop_webhook_secret(settings))
    except ValueError as error:
        raise ValueError(f"DROPSIGHT_WEBHOOK_SECRET: {error}") from error


def laptop_webhook_secret(settings: Settings) -> str:
    """`whsec_…`, the laptop's own."""
    return _kept(settings.state / "webhook.secret", new_webhook_secret().encode()).decode()


def new_webhook_secret() -> str:
    """`whsec_` and 32 random bytes."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def _kept(path: Path, fresh: bytes) -> bytes:
    """What is in the file, which is made of `fresh` (mode 0600) where there is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.stem}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(fresh)
    try:
        os.link(draft, path)  # of two processes that start at once, one makes it
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path.read_bytes()
