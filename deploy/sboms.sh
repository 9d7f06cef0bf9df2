#!/usr/bin/env bash
# Write an SBOM (SPDX, JSON) of each image that deploy/images.sh has pushed: sbom-KIND.spdx.json.
# Runs where docker is and has credentials for the registry.
set -euo pipefail
cd "$(dirname "$0")/.."
syft=anchore/syft:v1.18.1

pushed="$(sed -n 's/^{"images": {\(.*\)}}$/\1/p' images.auto.tfvars.json)"
[ -n "$pushed" ] || {
    echo "deploy/sboms.sh: images.auto.tfvars.json: found no images; deploy/images.sh writes it" >&2
    exit 1
}
tr ',' '\n' <<< "$pushed" | tr -d ' "' | while IFS=: read -r kind image; do
    docker run --rm --volume "${DOCKER_CONFIG:-$HOME/.docker}:/config:ro" --env DOCKER_CONFIG=/config \
        "$syft" scan "registry:$image" --output spdx-json > "sbom-$kind.spdx.json"
    echo "sbom-$kind.spdx.json: $image"
done
