"""Which language a page speaks: Chinese unless English is asked for."""


def chosen_language(accept_language: str, asked: str = "") -> str:
    """Return "zh" or "en": what `?lang=` asks, else the first of the two in `Accept-Language`, else Chinese."""
    if asked in ("zh", "en"):
        return asked
    for part in accept_language.lower().split(","):
        code = part.strip()[:2]
        if code in ("zh", "en"):
            return code
    return "zh"
