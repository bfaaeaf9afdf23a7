"""Recovery: what a store that was rolled back has lost by the word of its log, and how the hub goes on after it."""
