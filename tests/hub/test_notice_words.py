"""What departments are told has its words."""

from hub.steps.notices import NoticeKind
from schemas.wording import NOTICES


def test_every_kind_of_notice_has_its_words() -> None:
    assert NOTICES.keys() == {str(each) for each in NoticeKind}
