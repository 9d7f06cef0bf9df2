"""Folder buckets, a SQLite queue and SQLite documents, with the promises of the cloud kept."""
