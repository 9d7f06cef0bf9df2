"""Weights from anywhere: files and folders by digest, fetched once, kept in a cache by SHA-256."""
