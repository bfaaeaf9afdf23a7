"""The wording of all pages, one list in two languages, is held against its rules: plain, whole, and said in one way."""

import re
from collections import defaultdict

import pytest

from hub.web.pages import TEMPLATES
from hub.web.pages.wording import TECHNICAL_WORDS, Said, in_tables, in_templates

_TEXTS = {path.name: path.read_text(encoding="utf-8") for path in sorted(TEMPLATES.glob("*.html"))}
_CODES = {("zh", "en"), ("zh-CN", "en"), ("en", "zh"), ("en", "zh-CN"), ("English", "中文")}
_SAID = [each for each in in_templates(_TEXTS) if (each.zh or each.en) and (each.zh, each.en) not in _CODES]
_STATES = {each for each in in_tables() if each.place.partition(" ")[0] in ("outcome", "status", "licence_state")}
_CHINESE = re.compile(r"[\u3400-\u9fff]")
_LETTER = re.compile(r"[^\W\d_]")
_TECHNICAL = re.compile(r'<details class="technical">.*?</details>|\{% call technical.*?\{% endcall %\}', re.DOTALL)
# The pages of the API are for programmers; the sticker speaks both languages at once.
_FOR_PROGRAMMERS = {"api.html", "sandbox.html"}
_BILINGUAL = {"sheet.html"}


@pytest.mark.parametrize("said", _SAID, ids=lambda said: f"{said.place}: {said.zh[:20]}")
def test_the_chinese_side_is_chinese_and_the_english_side_english(said: Said) -> None:
    english = re.sub(r"\([^()]*\)", "", said.en)
    assert _CHINESE.search(said.zh) or not _LETTER.search(said.zh)
    assert said.place in _BILINGUAL or not _CHINESE.search(english)


def test_a_sentence_is_said_in_one_way_on_all_pages() -> None:
    ways: dict[str, set[str]] = defaultdict(set)
    for said in _SAID:
        ways[said.zh].add(said.en)
    assert {zh: en for zh, en in ways.items() if len(en) > 1 and len(zh) > 9} == {}


def test_the_word_of_a_state_is_taken_from_the_tables_and_never_written_into_a_page() -> None:
    words = {each.zh for each in _STATES} | {each.en for each in _STATES}
    assert [said for said in _SAID if {said.zh, said.en} & words] == []


def test_technical_words_stand_behind_technical_details_alone() -> None:
    plain = {name: _TECHNICAL.sub("", text) for name, text in _TEXTS.items() if name not in _FOR_PROGRAMMERS}
    said = [(each.place, each.zh + " " + each.en) for each in in_templates(plain)]
    beside = [(name, re.sub(r"\{[%{#].*?[%}#]\}|<[^>]*>", " ", text, flags=re.DOTALL)) for name, text in plain.items()]
    assert [(name, word) for name, text in (*said, *beside) for word in TECHNICAL_WORDS if word in text] == []


def test_the_words_for_states_and_reasons_are_plain_as_well() -> None:
    assert [(each.place, word) for each in in_tables() for word in TECHNICAL_WORDS if word in each.zh + each.en] == []


def test_a_planted_fault_in_the_wording_is_found() -> None:
    text = "<p>[[本页使用 SHA-256|This page uses a digest]]</p>{{ fact('[[有效|Valid]]') }}"
    found = list(in_templates({"planted.html": text}))
    assert (found[0].zh, found[1].en) == ("本页使用 SHA-256", "Valid")
    assert {each.zh for each in _STATES} >= {found[1].zh}
