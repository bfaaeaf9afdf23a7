"""Photographs of codes that somebody took in place of scanning: read by the confined child, kept nowhere."""

from dataclasses import dataclass

from fastapi import Request

from hub.errors import ExaminationError
from hub.public.examination.documents import Read
from hub.public.examination.extracted import PictureRead
from hub.public.examination.forms import LARGEST_FILE, Form, kind_of
from hub.web.callers import in_thread
from hub.web.limits import Room, Turns


@dataclass(frozen=True, slots=True)
class Photos:
    """Reads photographs as the verify page does, by the same limits; `room` is what bodies may take of the memory."""

    read: Read
    turns: Turns
    room: Room
    longest: int = LARGEST_FILE

    async def text_in(self, raw: bytes, request: Request) -> str:
        """Return the text of the first code in a picture. Raises ExaminationError photo_no_code, reader_busy."""
        if kind_of(raw) is not Form.PICTURE:
            raise ExaminationError("photo_no_code")
        async with self.turns.turn(request):
            found = await in_thread(self.read, raw)
        if not isinstance(found, PictureRead) or not found.texts:
            raise ExaminationError("photo_no_code")
        return found.texts[0]
