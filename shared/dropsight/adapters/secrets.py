"""The key of the pseudonyms."""

from __future__ import annotations

import os
import secrets

from dropsight.settings import Settings


def pseudonym_key(settings: Settings) -> bytes:
    """The key from the settings, or the laptop's own, made on first use and kept (mode 0600).

    Losing it gives every patient a new pseudonym. Raises ValueError on `gcp` without a key.
    """
    if settings.pseudonym_key:
        return settings.pseudonym_key.encode()
    if settings.backend != "embedded":
        raise ValueError(
            "DROPSIGHT_PSEUDONYM_KEY: not set; give it a secret of at least 32 random characters"
        )
    settings.state.mkdir(parents=True, exist_ok=True)
    path = settings.state / "pseudonym.key"
    draft = path.with_name(f"pseudonym.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_hex(32).encode())
    try:
        os.link(draft, path)  # of two processes that start at once, one makes the key
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path.read_bytes()
