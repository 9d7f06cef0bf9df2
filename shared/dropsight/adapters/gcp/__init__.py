"""Cloud Storage, Pub/Sub and Firestore over their JSON APIs; also talk to the emulators."""
