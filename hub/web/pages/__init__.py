"""Pages: what people see of the hub, drawn from the same answers that machines get.

Every page exists twice, Chinese and English, from one template, read at the start and compiled when its page is first
asked for: `[[中文|English]]` in a template leaves the one or the other. All values are escaped; no page holds a script,
a style or an address of another host, but for links to the official sites of `schemas/licence_codes.toml`. The few
scripts are files of `hub/web/static`, and every page does its work without them. All that is said stands in one list
(`hub/web/pages/wording.py`).
"""

import re
from collections.abc import Mapping
from functools import cache
from operator import getitem
from pathlib import Path
from typing import Any

from jinja2 import DictLoader, Environment, StrictUndefined

from hub.web.pages import views, words
from hub.web.pages.arranging import pairs, placed
from hub.web.pages.static import SCRIPTS, address_of

TEMPLATES = Path(__file__).parent.parent / "templates"
LANGUAGES = ("zh", "en")
_PAIR = re.compile(r"\[\[(.*?)\|(.*?)\]\]", re.DOTALL)


class Pages:
    """All pages of one hub. `mode` is "test" or "production", `origin` the public origin, without a final slash."""

    def __init__(self, mode: str, origin: str) -> None:
        self.is_test = mode == "test"
        self._environments = _environments(mode, origin)

    @property
    def names(self) -> frozenset[str]:
        """The names of all pages."""
        return frozenset(views.PAGES)

    def render(self, name: str, shown: Mapping[str, Any], language: str) -> bytes:
        """Return a page as UTF-8 HTML. `name` is a key of `views.PAGES`, `language` "zh" or "en".

        `shown` is the answer the page is about: of `hub/public/lookup.py` for "enterprise" and "certificate",
        {"problem": document} for "problem", {"openapi": document} for "api", {"result": … or None} for "verify" and
        "resolve", {"stickers": [of `hub/public/sheets.py`]} for "sheet", {"examples": [of
        `hub/web/pages/examples.py`]} for "sandbox", else empty.
        """
        shaped = views.PAGES[name](shown)
        return self._environments[language].get_template(f"{name}.html").render(shaped).encode()


def in_language(text: str, language: str) -> str:
    """Return a template's text with one side of every `[[中文|English]]` left."""
    return _PAIR.sub(lambda pair: pair[1 + LANGUAGES.index(language)], text)


@cache  # templates are constant: hubs of one process share what is compiled
def _environments(mode: str, origin: str) -> Mapping[str, Environment]:
    texts = {path.name: path.read_text(encoding="utf-8") for path in sorted(TEMPLATES.glob("*.html"))}
    constants = {"test": mode == "test", "origin": origin}
    return {language: _environment(texts, language, constants) for language in LANGUAGES}


def _environment(texts: Mapping[str, str], language: str, constants: Mapping[str, Any]) -> Environment:
    environment = Environment(
        loader=DictLoader({name: in_language(text, language) for name, text in texts.items()}),
        autoescape=True,
        undefined=StrictUndefined,
        cache_size=-1,  # all that were compiled, for good
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    # Pages show plain dictionaries, so a member is an item; this way it costs a tenth, and a missing one is an error.
    environment.getattr = getitem  # type: ignore[method-assign, assignment]
    speaker = words.SPEAKERS[language]
    environment.globals.update(constants)
    environment.globals.update(words=speaker.words, day=speaker.day, moment=speaker.moment)
    environment.globals.update(css=address_of("hub.css"), mark=address_of("mark.svg"))
    environment.globals.update(scripts={name: address_of(name) for name in SCRIPTS})
    environment.globals.update(nameless=speaker.nameless, placed=placed, pairs=pairs)
    environment.globals.update(sheet_css=address_of("sheet.css"))
    environment.globals.update(signs=words.SIGNS, result_signs=words.RESULT_SIGNS)
    environment.globals.update(result_outcomes=words.RESULT_OUTCOMES, licence_outcomes=words.LICENCE_OUTCOMES)
    environment.globals.update(state_tones=words.STATE_TONES, ending_tones=words.ENDING_TONES)
    return environment
