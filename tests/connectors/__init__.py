"""Tests of the connectors, with real files, keys and certs."""
