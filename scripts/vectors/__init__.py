"""Vectors: files that strangers may bring, each broken in one way, and what has to become of them."""
