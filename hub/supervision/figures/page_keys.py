"""The keys behind which a page begins, as they come from outside."""

_LARGEST = 2**53


def read_number(text: str) -> int:
    """Read the number of a key; ValueError for what no row can have."""
    number = int(text) if text.isascii() and text.isdigit() else -1
    if not 0 <= number <= _LARGEST:
        raise ValueError("no key")
    return number
