terraform {
  required_version = ">= 1.11"

  required_providers {
    archive = {
      source  = "hashicorp/archive"
      version = ">= 2.4, < 3"
    }
    google = {
      source  = "hashicorp/google"
      version = ">= 6.50, < 8"
    }
    # Firebase and the identities of Google's service agents are in no other.
    google-beta = {
      source  = "hashicorp/google-beta"
      version = ">= 6.50, < 8"
    }
  }

  # The bucket comes with `-backend-config=backend.hcl`, which bootstrap.sh writes.
  backend "gcs" {
    prefix = "dropsight"
  }
}
