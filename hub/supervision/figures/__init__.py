"""Figures of the hub's work: those of the present, their single cases, and the sheets of finished months and years."""
