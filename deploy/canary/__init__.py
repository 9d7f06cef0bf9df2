"""Brings a new image to Cloud Run without risking the traffic: asked first, then a tenth of the
traffic, then all of it or none. Standard library only: it runs where gcloud is, in Cloud Build."""
