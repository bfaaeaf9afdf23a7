"""The hub and its witnesses: what they vouch for is verified, kept and served, and none of them holds up the log."""

import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest
import structlog
import uvicorn

from connectors.errors import OutsideError
from connectors.witness import HttpWitness
from hub.cli.witness import Application, Message, Receive, Send, door
from hub.evidence.cosigning import Cosigning
from hub.evidence.log import Panel, checkpoint, cosigned
from hub.evidence.witness import Witness
from hub.store.log import LogStore, WitnessWord
from hub.store.witness import WitnessStore
from signing.algorithms import generate_private_key
from signing.checkpoint import NoteKey, cosign, cosignatures, read_checkpoint
from signing.signers.file import FileSigner
from tests.flows.conftest import copied_world
from tests.flows.refusals import refused
from tests.flows.world import World, food_number, food_order


class Another:
    """Another party's witness behind a real port, whose clock stands where the test says."""

    def __init__(self, log: NoteKey, folder: Path, world: World, name: str = "witness.example.test") -> None:
        private = generate_private_key("Ed25519")
        self.key = NoteKey(name, private.public_key(), is_witness=True)
        self.ahead = timedelta(0)
        self.asked = 0
        folder.mkdir()
        self._store = WitnessStore(folder)
        self._witness = Witness(
            logs=[log],
            key=self.key,
            signer=FileSigner(private),
            store=self._store,
            clock=lambda: world.now + self.ahead,
        )

    @contextmanager
    def serving(self) -> Iterator[str]:
        with closing(self._store), answering(self._counted(door(self._witness))) as url:
            yield url

    def _counted(self, application: Application) -> Application:
        async def counted(scope: Message, receive: Receive, send: Send) -> None:
            self.asked += 1
            await application(scope, receive, send)

        return counted


@contextmanager
def answering(application: Callable[[Message, Receive, Send], Awaitable[None]]) -> Iterator[str]:
    """Serve an application at a free port."""
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(application, log_config=None, lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def saying(status: int, body: bytes, media_type: str = "text/plain") -> Iterator[str]:
    """Serve one answer to everything."""

    async def application(scope: Message, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", media_type.encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    with answering(application) as url:
        yield url


@pytest.fixture
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with copied_world("sqlite", request, tmp_path) as opened:
        opened.log.round(opened.now)
        yield opened


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    with httpx.Client() as client:
        yield client


@pytest.fixture
def log_key(world: World) -> NoteKey:
    return NoteKey.read(world.log.key.text)


@pytest.fixture
def another(world: World, log_key: NoteKey, tmp_path: Path) -> Another:
    return Another(log_key, tmp_path / "another", world)


def asking(world: World, *witnesses: HttpWitness) -> Cosigning:
    return Cosigning(store=world.log.store, witnesses=witnesses, owner=world.log._owner, revoked=world.log.revoked)


def seen_by(cosigning: Cosigning, world: World) -> None:
    """Let one round go by, to the last answer."""
    cosigning.round(world.now)
    cosigning.wait(10)


def act(world: World, number: int) -> int:
    """Do something that is logged and published; return the size of the log."""
    world.now += timedelta(seconds=5)
    world.issue(food_order(certificate_number=food_number(number)))
    world.log.round(world.now)
    return world.log.store.head().size


def test_head_is_served_with_the_words_of_witnesses(
    world: World, another: Another, log_key: NoteKey, http: httpx.Client
) -> None:
    with another.serving() as url:
        cosigning = asking(world, HttpWitness(url, another.key, http=http, seconds=5))
        panel = Panel((another.key.text,), 1)
        with refused("not_cosigned"):
            cosigned(world.log.store, panel, ())
        for number in (1, 2):
            size = act(world, number)
            seen_by(cosigning, world)
            note = checkpoint(world.log.store)
            assert note == cosigned(world.log.store, panel, ())
            assert read_checkpoint(note, log_key).size == size
            (word,) = cosignatures(note, [another.key])
            assert word.seen_at == world.now
        first = world.log.store.first_word(0, ())
        assert first is not None
        assert first.seen_at < world.now
    older, size = cosigned(world.log.store, panel, ()), act(world, 3)
    assert read_checkpoint(checkpoint(world.log.store), log_key).size == size
    assert cosignatures(checkpoint(world.log.store), [another.key]) == []
    assert cosigned(world.log.store, panel, ()) == older


def test_head_that_was_vouched_for_is_not_shown_again(world: World, another: Another, http: httpx.Client) -> None:
    with another.serving() as url:
        cosigning = asking(world, HttpWitness(url, another.key, http=http, seconds=5))
        for _ in range(3):
            seen_by(cosigning, world)
        assert another.asked == 1


def test_witness_tells_where_it_stands(world: World, another: Another, http: httpx.Client) -> None:
    """As after a hub was restored without what its witnesses had said: it asks for a proof from there."""
    with another.serving() as url:
        port = HttpWitness(url, another.key, http=http, seconds=5)
        head = world.log.store.head()
        assert port.add_checkpoint(0, [], head.note).lines
        act(world, 1)
        seen_by(asking(world, port), world)
        assert cosignatures(checkpoint(world.log.store), [another.key])


def test_only_the_leader_asks(world: World, another: Another, http: httpx.Client) -> None:
    with another.serving() as url:
        port = HttpWitness(url, another.key, http=http, seconds=5)
        seen_by(Cosigning(store=world.log.store, witnesses=[port], owner="another", revoked=world.log.revoked), world)
        assert another.asked == 0


def test_quorum_is_asked_for(world: World, log_key: NoteKey, tmp_path: Path, http: httpx.Client) -> None:
    parties = [Another(log_key, tmp_path / f"w{number}", world, f"w{number}.example.test") for number in range(3)]
    names = tuple(each.key.text for each in parties)
    with ExitStack() as stack:
        ports = [HttpWitness(stack.enter_context(each.serving()), each.key, http=http, seconds=5) for each in parties]
        seen_by(asking(world, *ports[:2]), world)
    assert len(cosignatures(cosigned(world.log.store, Panel(names, 2), ()), [each.key for each in parties])) == 2
    with refused("not_cosigned"):
        cosigned(world.log.store, Panel(names, 3), ())
    with refused("not_cosigned"):
        cosigned(world.log.store, Panel((names[0], names[2]), 2), ())


# --- witnesses that fail ----------------------------------------------------------------------------------------


def failures(world: World, witness: HttpWitness) -> list[object]:
    """Return what the log says after a round with this witness, which must have left no word."""
    with structlog.testing.capture_logs() as told:
        seen_by(asking(world, witness), world)
    assert world.log.store.newest_word(witness.key.text, ()) is None
    return [each["kind"] for each in told if each["event"] == "witness_failed"]


def test_silent_witness_holds_up_neither_the_log_nor_the_others(
    world: World, another: Another, http: httpx.Client
) -> None:
    silent = socket.create_server(("127.0.0.1", 0))
    with another.serving() as url, closing(silent):
        mute = replace_key(
            HttpWitness(f"http://127.0.0.1:{silent.getsockname()[1]}", another.key, http=http, seconds=1)
        )
        cosigning = asking(world, mute, HttpWitness(url, another.key, http=http, seconds=5))
        cosigning.round(world.now)
        size = act(world, 1)
        assert world.log.store.head().size == size
        with structlog.testing.capture_logs() as told:
            cosigning.wait(10)
            seen_by(cosigning, world)
        assert {each["kind"] for each in told if each["event"] == "witness_failed"} <= {"unreachable"}
        word = world.log.store.newest_word(another.key.text, ())
        assert word is not None
        assert word.size == size


def replace_key(witness: HttpWitness) -> HttpWitness:
    """Return the witness under a key of its own."""
    key = generate_private_key("Ed25519").public_key()
    witness.key = NoteKey("mute.example.test", key, is_witness=True)
    return witness


def test_failing_witness_is_left_alone_for_a_while(world: World, another: Another, http: httpx.Client) -> None:
    another.ahead = timedelta(hours=1)
    with another.serving() as url:
        cosigning = asking(world, HttpWitness(url, another.key, http=http, seconds=5))
        seen_by(cosigning, world)
        world.now += timedelta(seconds=1)
        seen_by(cosigning, world)
        assert another.asked == 1
        world.now += timedelta(seconds=2)
        world.log.round(world.now)
        seen_by(cosigning, world)
        assert another.asked > 1


def test_word_with_a_time_an_hour_off_is_not_kept(world: World, another: Another, http: httpx.Client) -> None:
    another.ahead = timedelta(hours=1)
    with another.serving() as url:
        assert failures(world, HttpWitness(url, another.key, http=http, seconds=5)) == ["time"]


def test_word_of_another_key_is_not_kept(world: World, another: Another, http: httpx.Client) -> None:
    with another.serving() as url:
        assert failures(world, replace_key(HttpWitness(url, another.key, http=http, seconds=5))) == ["no_word"]


def test_word_on_another_head_is_not_kept(world: World, another: Another, http: httpx.Client) -> None:
    signer = FileSigner(generate_private_key("Ed25519"))
    key = NoteKey("w.example.test", signer.private_key.public_key(), is_witness=True)
    older = world.log.store.head().note
    act(world, 1)
    with saying(200, cosign(older, signer, key, world.now).encode()) as url:
        assert failures(world, HttpWitness(url, key, http=http, seconds=5)) == ["no_word"]


@pytest.mark.parametrize(
    ("status", "body", "media_type", "kind"),
    [
        (200, b"", "text/plain", "no_word"),
        (200, b"\xff\xfe", "text/plain", "form 200"),
        (200, b"x" * 100_000, "text/plain", "too_long 200"),
        (302, b"", "text/plain", "status 302"),
        (403, b"unknown_key\n", "text/plain", "status 403"),
        (409, b"other_root\n", "text/plain", "status 409"),
        (409, b"999999999\n", "text/x.tlog.size", "witness_ahead"),
        (409, b"0\n", "text/x.tlog.size", "witness_undecided"),
        (500, b"", "text/plain", "status 500"),
    ],
)
def test_answer_of_another_kind_is_a_failure(
    status: int, body: bytes, media_type: str, kind: str, world: World, another: Another, http: httpx.Client
) -> None:
    with saying(status, body, media_type) as url:
        assert failures(world, HttpWitness(url, another.key, http=http, seconds=5)) == [kind]


def test_endless_answer_is_cut_off(another: Another, http: httpx.Client) -> None:
    async def dripping(scope: Message, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(100_000):
            await send({"type": "http.response.body", "body": b"x", "more_body": True})

    with answering(dripping) as url, pytest.raises(OutsideError) as caught:
        HttpWitness(url, another.key, http=http, seconds=0.2).add_checkpoint(0, [], "")
    assert caught.value.reason in ("unreachable", "too_long")


# --- what is kept -----------------------------------------------------------------------------------------------


def word(size: int, witness: str, note: str, seen_at: datetime) -> WitnessWord:
    return WitnessWord(1, witness, size, note, f"line of {witness}\n", seen_at)


def test_words_only_grow(world: World) -> None:
    store: LogStore = world.log.store
    assert store.add_word(word(5, "one", "five", world.now), ())
    assert not store.add_word(word(5, "one", "five", world.now + timedelta(seconds=1)), ())
    assert not store.add_word(word(4, "one", "four", world.now), ())
    assert store.add_word(word(5, "two", "five", world.now), ())
    assert store.add_word(word(9, "one", "nine", world.now), ())
    assert store.newest_cosigned(["one", "two"], 2, ()) == ("five", ["line of one\n", "line of two\n"])
    assert store.newest_cosigned(["one", "two"], 1, ()) == ("nine", ["line of one\n"])
    assert store.newest_cosigned(["one", "three"], 2, ()) is None
    assert store.add_word(word(11, "two", "eleven", world.now), ())
    assert store.newest_cosigned(["one", "two"], 2, ()) == ("five", ["line of one\n", "line of two\n"])
    assert [store.first_word(index, ()) for index in (4, 5, 11)] == [
        word(5, "one", "five", world.now),
        word(9, "one", "nine", world.now),
        None,
    ]


def test_store_of_an_earlier_version_gets_the_table(world: World) -> None:
    with world.log.store._database.read() as connection:
        head = connection.exec_driver_sql("SELECT size FROM head").scalar()
    world.log.store._database.write(lambda connection: connection.exec_driver_sql("DROP TABLE witnessed"))
    with closing(LogStore(world.settings.log_folder)) as opened:
        assert opened.newest_word("one", ()) is None
        assert opened.head().size == head
