"""Results over HTTP, without a web framework: the page server and the Cloud Function translate."""
