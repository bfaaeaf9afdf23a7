"""Auditing a hub: everything it has stored is verified anew, from its bytes, and every act against the evidence log.

`run` asks all of it; each other module is one theme of the store, and `log` holds entries and log against each other.
`public` needs nothing but what the hub gives everybody: its log begins with every head it ever showed.
Nothing here writes.
"""
