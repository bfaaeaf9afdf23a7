"""How the evidence log stands, and what time it proves."""
