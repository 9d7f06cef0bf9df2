"""`python -m dropsight_inference`: loads every bundle and serves it.

Address: HOST (loopback by default) and PORT (8080), as Cloud Run sets it. Everything else is in
`dropsight.settings`.
"""

from __future__ import annotations

from dropsight_inference.allocator import restart_with_allocator


def main() -> None:
    restart_with_allocator("dropsight_inference")
    # After the restart, so that nothing of weight is imported twice.
    from dropsight_inference.server import serve  # noqa: PLC0415

    serve()


if __name__ == "__main__":
    main()
