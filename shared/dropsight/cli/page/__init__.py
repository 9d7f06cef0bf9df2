"""The result page: a small server for one user on the loopback interface, and its static files."""
