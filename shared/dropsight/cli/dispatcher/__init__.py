"""The laptop's Eventarc and Pub/Sub push: watches the landing folder, delivers messages by HTTP."""
