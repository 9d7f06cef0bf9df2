#!/bin/sh
# What Cloud Build does with terraform/: `plan` for a pull request, `apply` on main.
#
#   PROJECT_ID=… REGION=… PREFIX=… STATE_BUCKET=… deploy/terraform.sh plan
#
# The images are those of images.auto.tfvars.json; everything else is in terraform/*.tfvars or has a
# default.
set -eu
cd "$(dirname "$0")/../terraform"
case "${1:-}" in
    # A pull request runs what it says: its account may read the state, and nothing else.
    plan) set -- plan -lock=false -refresh=false ;;
    apply) set -- apply -auto-approve -lock-timeout=10m ;;
    *)
        echo "deploy/terraform.sh: found '${1:-}', legal are plan and apply" >&2
        exit 1
        ;;
esac
terraform init -input=false -backend-config="bucket=${STATE_BUCKET:?}"
exec terraform "$@" -input=false -var="project=${PROJECT_ID:?}" -var="region=${REGION:?}" \
    -var="prefix=${PREFIX:?}" -var-file=../images.auto.tfvars.json
