"""Tests of the hub's decisions and store."""
