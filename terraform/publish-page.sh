#!/usr/bin/env bash
# Publish the page: from the web bucket, where `terraform apply` has put it with its config.json, to
# Firebase Hosting. Needs gcloud and Node (npx fetches firebase-tools).
#
#   terraform/publish-page.sh [PROJECT [PREFIX]]      without arguments: as terraform.tfvars says
set -euo pipefail

cd "$(dirname "$0")"
from_tfvars() { sed -n "s/^$1 *= *\"\(.*\)\"/\1/p" terraform.tfvars; }
project=${1:-$(from_tfvars project)}
prefix=${2:-$(from_tfvars prefix)}
prefix=${prefix:-dropsight}
: "${project:?name the project: terraform/publish-page.sh PROJECT}"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/page"
gcloud storage cp --recursive "gs://$project-$prefix-web/*" "$folder/page"
# firebase.json says what is cached for how long, and which security headers go with it.
python3 - ../firebase.json "$folder/firebase.json" "$project-$prefix" <<'PY'
import json, sys
given, target, site = sys.argv[1:]
hosting = json.load(open(given))["hosting"]
hosting.update(site=site, public="page", ignore=[])
json.dump({"hosting": hosting}, open(target, "w"))
PY
cd "$folder"
npx --yes firebase-tools@14 deploy --only hosting --project "$project" --non-interactive
