"""Doors for systems: a flow each, JSON in and out."""
