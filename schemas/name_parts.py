"""A holder's name as it is searched: folded, and cut into the pairs of characters that stand side by side in it.

A name without spaces between its words, as Chinese ones are, is found by any two of its characters or more.
"""

from schemas.catalogue import folded

SHORTEST = 2


def folded_name(text: str) -> str:
    """Return a name for comparison: NFKC (brackets and digits half-width), one case, no white space."""
    return folded(folded(text).casefold())


def parts_of(name: str) -> frozenset[str]:
    """Return the pairs of neighbouring characters of a name; none of one with a single character."""
    text = folded_name(name)
    return frozenset(text[place : place + SHORTEST] for place in range(len(text) - 1))
