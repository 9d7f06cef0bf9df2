#!/usr/bin/env bash
# What has to be there before `terraform apply` can make the rest: the bucket of the state, the
# services that terraform itself calls, the registry, what builds the first image, and the secrets
# with their values. May be run again at any time; it changes nothing that is there.
#
#   terraform/bootstrap.sh PROJECT [REGION] [PREFIX]
set -euo pipefail

project=${1:?usage: terraform/bootstrap.sh PROJECT [REGION] [PREFIX]}
region=${2:-us-central1}
prefix=${3:-dropsight}
state="$project-$prefix-terraform"
cd "$(dirname "$0")"

for tool in gcloud openssl terraform; do
    command -v "$tool" >/dev/null || { echo "bootstrap: $tool is not installed" >&2; exit 1; }
done
gcloud auth application-default print-access-token >/dev/null 2>&1 || {
    echo "bootstrap: terraform has no credentials; run: gcloud auth application-default login" >&2
    exit 1
}
if [ "$(gcloud billing projects describe "$project" --format='value(billingEnabled)')" != True ]; then
    echo "bootstrap: $project has no billing account; link one: gcloud billing projects link $project --billing-account=…" >&2
    exit 1
fi

echo "== Services that terraform calls before it can enable any"
gcloud services enable --project="$project" \
    artifactregistry.googleapis.com cloudbuild.googleapis.com cloudresourcemanager.googleapis.com \
    firebase.googleapis.com iam.googleapis.com pubsub.googleapis.com secretmanager.googleapis.com \
    serviceusage.googleapis.com storage.googleapis.com

echo "== The bucket of the state: private, with old versions kept"
if ! gcloud storage buckets describe "gs://$state" --project="$project" >/dev/null 2>&1; then
    gcloud storage buckets create "gs://$state" --project="$project" --location="$region" \
        --uniform-bucket-level-access --public-access-prevention
    gcloud storage buckets update "gs://$state" --versioning
fi
printf 'bucket = "%s"\n' "$state" >backend.hcl

if [ ! -f terraform.tfvars ]; then
    printf 'project = "%s"\nregion  = "%s"\nprefix  = "%s"\n' "$project" "$region" "$prefix" >terraform.tfvars
fi

echo "== Registry, builds and secrets"
terraform init -backend-config=backend.hcl -input=false
# No image exists yet: nothing of what is made here looks at the variable.
terraform apply -var='images={}' \
    -target=google_project_service.required \
    -target=google_artifact_registry_repository_iam_member.build \
    -target=google_project_iam_member.build_logs \
    -target=google_storage_bucket_iam_member.builds_build \
    -target=google_secret_manager_secret.pseudonym_key \
    -target=google_secret_manager_secret.webhook_key

# Values by a pipe, never by an argument or a file: they are in no history and no state. The key of
# the pseudonyms is made once: with another one every patient would be somebody else.
add_value() {
    local secret=$1 value=$2
    [ -n "$(gcloud secrets versions list "$secret" --project="$project" --filter='state=enabled' --format='value(name)' --limit=1)" ] ||
        printf '%s' "$value" | gcloud secrets versions add "$secret" --project="$project" --data-file=-
}
add_value "$prefix-pseudonym-key" "$(openssl rand -hex 32)"
add_value "$prefix-webhook-key" "whsec_$(openssl rand -base64 32)"

cat <<EOF

Ready. Now build the images (docs/deploy.md, step 3):

  gcloud builds submit --project=$project --region=$region --config=cloudbuild/images.yaml \\
      --service-account=projects/$project/serviceAccounts/$prefix-build@$project.iam.gserviceaccount.com \\
      --gcs-source-staging-dir=gs://$project-$prefix-builds/source \\
      --substitutions=_REPOSITORY=$region-docker.pkg.dev/$project/$prefix,_KINDS="cpu gpu"
EOF
