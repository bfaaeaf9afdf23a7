"""The hub: flows, decisions, store, doors and command line of Yizhao Hub."""

VERSION = "0.1.0"
