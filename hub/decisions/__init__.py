"""Decisions: pure, from facts to an answer; no store, no clock, no keys."""
