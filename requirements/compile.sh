#!/usr/bin/env bash
# Resolve every requirements/*.in to a hashed requirements/*.txt, for Python 3.11 and later on every
# platform, without the address of any index. `uv` comes from .venv (see Makefile).
set -euo pipefail
cd "$(dirname "$0")/.."
for name in build demo functions container container-mlflow container-torch container-tensorflow \
    container-gpu container-gpu-torch container-gpu-tensorflow test bench runtimes training; do
    [ -f "requirements/$name.in" ] || continue
    overrides=()
    case "$name" in container-gpu*) overrides=(--override requirements/gpu.overrides) ;; esac
    .venv/bin/uv pip compile "requirements/$name.in" --output-file "requirements/$name.txt" \
        --universal --python-version 3.11 --generate-hashes --no-emit-index-url --quiet \
        --no-emit-package dropsight --no-emit-package dropsight-inference \
        --custom-compile-command "requirements/compile.sh" "${overrides[@]}" "$@"
done
