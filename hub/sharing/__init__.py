"""Sharing: departments pull certificates for a case, by the table that says who may."""
