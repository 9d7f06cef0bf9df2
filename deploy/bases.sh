#!/usr/bin/env bash
# The base images of our Dockerfiles, by digest, as deploy/bases.lock has them.
#
#   deploy/bases.sh reference NAME   print NAME@DIGEST, for a build; refuses a base without a digest
#   deploy/bases.sh update           ask the registry for today's digests and write them down
#   deploy/bases.sh update --missing only for those that have none yet
#
# `update` needs docker with buildx. BASES_LOCK names another file.
set -euo pipefail
lock="${BASES_LOCK:-$(dirname "$0")/bases.lock}"

is_digest() { [[ "$1" =~ ^sha256:[0-9a-f]{64}$ ]]; }

refuse() {
    echo "deploy/bases.sh: $1" >&2
    exit 1
}

reference() {
    local name digest
    while read -r name digest; do
        [ "$name" = "$1" ] || continue
        is_digest "$digest" || refuse "$1: found '$digest' in $lock, legal is sha256: and 64 hex \
digits. Run 'deploy/bases.sh update' where docker is, look at what it changed, and commit $lock"
        echo "$name@$digest"
        return
    done < <(grep -v '^#' "$lock")
    refuse "$1: not in $lock; add a line '$1 unresolved' and run 'deploy/bases.sh update'"
}

update() {
    local name digest found part="$lock.part"
    grep '^#' "$lock" > "$part"
    while read -r name digest; do
        if [ "${1:-}" = --missing ] && is_digest "$digest"; then
            echo "$name $digest" >> "$part"
            continue
        fi
        found="$(docker buildx imagetools inspect "$name" --format '{{.Manifest.Digest}}')"
        is_digest "$found" || refuse "$name: the registry answered '$found', which is no digest"
        [ "$found" = "$digest" ] || echo "$name: $digest -> $found"
        echo "$name $found" >> "$part"
    done < <(grep -v '^#' "$lock")
    mv "$part" "$lock"
}

case "${1:-}" in
    reference) reference "${2:?name of a base image}" ;;
    update) update "${2:-}" ;;
    *) refuse "found '${1:-}', legal are 'reference NAME' and 'update [--missing]'" ;;
esac
