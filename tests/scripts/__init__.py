"""Tests of the scripts a newcomer runs."""
