"""Signatures, sealed records, keys and trust: bytes in, bytes out; no database, web, clock or settings.

Imports nothing of ours. Every signature, and every chain of certs, is checked through `signing.algorithms`.
"""
