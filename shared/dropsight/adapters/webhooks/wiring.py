"""The sender, as the settings want it."""

from __future__ import annotations

from dropsight.adapters.secrets import webhook_secrets
from dropsight.adapters.webhooks.addresses import AddressPolicy, look_up
from dropsight.adapters.webhooks.sender import WebhookSender
from dropsight.settings import Settings


def open_sender(settings: Settings) -> WebhookSender:
    """Raises ValueError where there is no legal secret."""
    wanted = settings.webhooks.private or ("allow" if settings.backend == "embedded" else "refuse")
    return WebhookSender(
        secrets=webhook_secrets(settings),
        policy=AddressPolicy(private=wanted == "allow", look_up=look_up),
        timeout_s=settings.webhooks.timeout_s,
    )
