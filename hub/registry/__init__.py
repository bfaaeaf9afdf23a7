"""The registry: issuing bodies order what certificates there are and how they stand."""
