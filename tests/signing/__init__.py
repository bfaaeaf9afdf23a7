"""Tests of `signing`, with real keys and signatures."""
