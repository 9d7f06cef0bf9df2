#!/usr/bin/env bash
# Resolve every requirements/*.in to a hashed requirements/*.txt, for Python 3.11 and later on every
# platform, without the address of any index. `uv` comes from .venv (see Makefile).
set -euo pipefail
cd "$(dirname "$0")/.."
for name in build demo functions container container-mlflow container-torch container-tensorflow \
    container-gpu container-gpu-torch container-gpu-tensorflow test bench runtimes training \
    terraform terraform-schema; do
    [ -f "requirements/$name.in" ] || continue
    options=()
    case "$name" in
        container-gpu*) options=(--override requirements/gpu.overrides) ;;
        terraform-schema) options=(--no-deps) ;; # only a file of it is read
    esac
    .venv/bin/uv pip compile "requirements/$name.in" --output-file "requirements/$name.txt" \
        --universal --python-version 3.11 --generate-hashes --no-emit-index-url --quiet \
        --no-emit-package dropsight --no-emit-package dropsight-inference \
        --custom-compile-command "requirements/compile.sh" "${options[@]}" "$@"
done
