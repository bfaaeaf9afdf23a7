"""Backups: one encrypted file with all that a lost data folder or database is made again from; and making it again.

It holds tables, documents, and the log's newest checkpoint; no key, no passphrase, no log: those lie elsewhere and are
kept apart. Whoever restores it needs the key folder, and the log tells how old it is.
"""
