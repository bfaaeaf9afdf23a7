"""Connectors: one file per kind of outside system; they translate and decide nothing."""
