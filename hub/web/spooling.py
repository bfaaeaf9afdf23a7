"""Taking in the body of a request as a file of any length, a portion at a time, encrypted before it is on the disk."""

from fastapi import Request

from hub.steps.files.spool import CHUNK_BYTES, Incoming
from hub.web.bodies import BodyError
from hub.web.callers import in_thread


async def receive_file(request: Request, incoming: Incoming, longest: int) -> None:
    """Take the body in as it comes; encryption and the disk are a worker thread's, a portion at a time."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > longest:
        raise BodyError("body_too_long", longest=longest)
    waiting = bytearray()
    async for portion in request.stream():
        waiting += portion
        if incoming.length + len(waiting) > longest:
            raise BodyError("body_too_long", longest=longest)
        if len(waiting) >= 4 * CHUNK_BYTES:
            await in_thread(incoming.write, bytes(waiting))
            waiting.clear()
    await in_thread(incoming.write, bytes(waiting))
