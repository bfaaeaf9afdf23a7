"""Second implementations, each after the words of its standard, for the first ones to be held against."""
