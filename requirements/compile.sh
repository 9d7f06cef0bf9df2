#!/usr/bin/env bash
# Resolve every requirements/*.in to a hashed requirements/*.txt, for Python 3.11 and later on every
# platform, without the address of any index. `uv` comes from .venv (see Makefile).
set -euo pipefail
cd "$(dirname "$0")/.."
for name in build demo ingest container test bench runtimes training terraform terraform-schema; do
    [ -f "requirements/$name.in" ] || continue
    # Of these only a file is read: what they depend on is not installed.
    [ "$name" = terraform-schema ] && dependencies=--no-deps || dependencies=
    .venv/bin/uv pip compile "requirements/$name.in" --output-file "requirements/$name.txt" \
        --universal --python-version 3.11 --generate-hashes --no-emit-index-url --quiet $dependencies \
        --no-emit-package dropsight --no-emit-package dropsight-inference \
        --custom-compile-command "requirements/compile.sh" "$@"
done
