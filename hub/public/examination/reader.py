"""Reading strangers' files: each in a confined child of its own (`reading_child`).

A child that crashes, is killed, or says what no child of ours says has not read the file: that is an answer, not an
error.
"""

from hub.public.examination.extracted import TOO_SLOW, Extracted, Unread, read_answer
from hub.steps.files.confined.children import Children, program_of

READ_ONE_FILE = program_of("hub.public.examination.reading_child")


class Reader:
    """Reads files, several at a time from different threads; `ready` children are kept waiting for the next.

    `program` is what a child runs, in Python.
    """

    def __init__(self, *, ready: int = 0, program: str = READ_ONE_FILE) -> None:
        self._children = Children(program, ready=ready)
        self.start = self._children.start
        self.close = self._children.close

    def read(self, raw: bytes) -> Extracted:
        """Return what a child took out of `raw`, whatever that is. Raises OSError when no child can be started."""
        said = self._children.ask(raw)
        return Unread(TOO_SLOW) if said is None else read_answer(said)
