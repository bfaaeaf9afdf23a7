"""What strangers may take at once of a hub: turns of its readers, room in its memory, time of its doors."""

from functools import partial

import pytest
from anyio import create_task_group, fail_after, run, sleep_forever
from fastapi import Request
from starlette.types import Message

from hub.errors import AccessError, ExaminationError
from hub.web import bodies
from hub.web.bodies import BodyError, read_body
from hub.web.limits import Places, Room, Turns


def _request(address: str, length: int | None = None) -> Request:
    headers = [] if length is None else [(b"content-length", str(length).encode())]
    return Request({"type": "http", "method": "POST", "path": "/", "headers": headers, "client": (address, 1)})


def test_one_address_leaves_a_turn_to_the_others() -> None:
    turns = Turns(2, longest_wait=0.01)

    async def take() -> None:
        async with turns.turn(_request("192.0.2.1")):
            with pytest.raises(ExaminationError, match="reader_busy"):
                async with turns.turn(_request("192.0.2.1")):
                    pass
            async with turns.turn(_request("192.0.2.2")):
                with pytest.raises(ExaminationError, match="reader_busy"):
                    async with turns.turn(_request("192.0.2.3")):
                        pass
        async with turns.turn(_request("192.0.2.1")):
            pass

    run(take)


def test_turn_is_given_back_by_who_fails() -> None:
    turns = Turns(1, longest_wait=0.01)

    async def fail() -> None:
        async with turns.turn(_request("192.0.2.1")):
            raise OSError("the child ended")

    async def take() -> None:
        for _ in range(3):
            with pytest.raises(OSError, match="the child ended"):
                await fail()

    run(take)


def test_who_comes_when_all_places_are_taken_is_told_so_at_once() -> None:
    places = Places(2, "sign_ins_busy")
    with places.taken(), places.taken(), pytest.raises(AccessError, match="sign_ins_busy"), places.taken():
        pass
    with places.taken():
        pass


def test_place_is_given_back_by_who_fails() -> None:
    places = Places(1, "sign_ins_busy")
    with pytest.raises(AccessError, match="invalid_client"), places.taken():
        raise AccessError("invalid_client")
    with places.taken():
        pass


def test_one_address_takes_a_quarter_of_the_room() -> None:
    room = Room(400)
    with room.reserved(_request("192.0.2.1", 60), 100), room.reserved(_request("192.0.2.1", 40), 100):
        with pytest.raises(ExaminationError, match="reader_busy"), room.reserved(_request("192.0.2.1", 1), 100):
            pass
        with room.reserved(_request("192.0.2.2", 100), 100):
            pass
    with room.reserved(_request("192.0.2.1", 100), 100):
        pass


def test_body_of_undeclared_length_takes_all_it_may_become_and_room_ends() -> None:
    room = Room(200)
    taken = room.reserved(_request("192.0.2.1"), 100), room.reserved(_request("192.0.2.2"), 100)
    last = room.reserved(_request("192.0.2.3", 1), 100)
    with taken[0], taken[1], pytest.raises(ExaminationError, match="reader_busy"), last:
        pass


def test_body_that_does_not_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "_LONGEST_SECONDS", 0.05)

    async def never(request: Request) -> None:
        with fail_after(10), pytest.raises(BodyError, match="body_too_slow"):
            await read_body(request, 100)

    async def nothing_comes() -> Message:
        await sleep_forever()
        return {}

    async def read() -> None:
        request = Request({"type": "http", "method": "POST", "path": "/", "headers": []}, nothing_comes)
        async with create_task_group() as tasks:
            tasks.start_soon(partial(never, request))

    run(read)
