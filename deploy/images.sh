#!/usr/bin/env bash
# Build the images of the inference container and, with PUSH=true, push them.
#
#   REPOSITORY=REGION-docker.pkg.dev/PROJECT/dropsight TAG=1a2b3c deploy/images.sh cpu gpu
#
# Kinds: cpu, gpu, and each with -torch or -tensorflow. BUNDLES and MLFLOW_TRACKING_URI as in
# inference_container/Dockerfile; CLOUD_BUILD=true where Cloud Build runs this. With PUSH=true the references by digest are written to
# images.auto.tfvars.json, as terraform/ reads them; without it the build is tried and thrown away.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${REPOSITORY:?where images go, such as europe-west4-docker.pkg.dev/PROJECT/dropsight}"
: "${TAG:?a name for this build, such as a short commit id}"
push="${PUSH:-false}"
base="$(deploy/bases.sh reference python:3.11-slim-bookworm)"

refuse() {
    echo "deploy/images.sh: $1" >&2
    exit 1
}

[ $# -gt 0 ] || refuse "name the kinds to build, such as: deploy/images.sh cpu gpu"
for kind in "$@"; do
    case "$kind" in
        cpu | cpu-torch | cpu-tensorflow | gpu | gpu-torch | gpu-tensorflow) ;;
        *) refuse "found '$kind', legal are cpu and gpu, and each with -torch or -tensorflow" ;;
    esac
done

network=()
if [ "${CLOUD_BUILD:-}" = true ]; then
    # A builder that keeps its cache in the registry, on the network where the build's credentials
    # are: bundles that name a bucket are fetched with them.
    docker buildx create --use --driver docker-container --driver-opt network=cloudbuild
    network=(--add-host metadata.google.internal:169.254.169.254)
fi
built=""
for kind in "$@"; do
    image="$REPOSITORY/inference-$kind"
    case "$kind" in
        cpu*) requirements="container${kind#cpu}" device=any ;;
        gpu*) requirements="container-$kind" device=cuda ;;
    esac
    cache=(--cache-from "type=registry,ref=$image:cache")
    if [ "$push" = true ]; then
        cache+=(--cache-to "type=registry,ref=$image:cache,mode=max,image-manifest=true")
        output=(--tag "$image:$TAG" --output "type=image,push=true")
    else
        output=(--output type=cacheonly)
    fi
    metadata="$(mktemp)"
    # One platform and no attestations beside it, so that the digest is the image's own.
    docker buildx build . --file inference_container/Dockerfile --platform linux/amd64 \
        --provenance=false --sbom=false --metadata-file "$metadata" \
        --build-arg "PYTHON_IMAGE=$base" \
        --build-arg "REQUIREMENTS=$requirements" \
        --build-arg "DEVICE=$device" \
        --build-arg "BUNDLES=${BUNDLES:-}" \
        --build-arg "MLFLOW_TRACKING_URI=${MLFLOW_TRACKING_URI:-}" \
        "${network[@]}" "${cache[@]}" "${output[@]}"
    if [ "$push" = true ]; then
        digest="$(sed -n 's/.*"containerimage.digest": *"\(sha256:[0-9a-f]*\)".*/\1/p' "$metadata")"
        [ -n "$digest" ] || refuse "$kind: the build gave no digest"
        built="$built${built:+, }\"$kind\": \"$image@$digest\""
    fi
    rm "$metadata"
done
[ "$push" != true ] || echo "{\"images\": {$built}}" | tee images.auto.tfvars.json
