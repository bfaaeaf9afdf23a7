"""Every story ends in an audit: everything the hub has stored is verified anew, and the log with it."""

from datetime import UTC, datetime

from sqlalchemy import Connection

from connectors.person_simulator import PersonSimulator
from hub.steps.keyfolder import PERSON_FOLDER
from hub.store.document import DocumentReader
from hub.store.intention import IntentionReader
from hub.supervision.audit.everything import Audited
from hub.supervision.audit.run import find_faults as audit
from tests.flows.world import World


def check_registry(world: World, *, open_intentions: int = 0) -> None:
    """Assert that nothing stored is wrong, missing or too many, and that so many intentions are open."""
    world.log.round(world.now)
    with world.registry.database.read() as connection:
        faults = find_faults(world, connection)
        left = len(IntentionReader(connection).all())
        leaving = DocumentReader(connection).leaving(1)
    if left != open_intentions:
        faults.append(f"{left} intentions are open, not {open_intentions}")
    faults += [f"the file of erased document {digest} is still to be deleted" for digest in leaving]
    if faults:
        raise AssertionError("\n".join(faults))


def faults_beside_a_server(world: World) -> list[str]:
    """Return what an audit of everything stored finds, the log apart, which a served hub itself goes on with."""
    world.now = datetime.now(UTC)
    with world.registry.database.snapshot() as connection:
        return [each for each in find_faults(world, connection) if not each.startswith("log")]


def persons_of(world: World) -> PersonSimulator:
    """Return the TEST service by which persons sign in to this hub."""
    folder = world.settings.key_folder / PERSON_FOLDER
    return PersonSimulator(folder, passphrase=world.keys.secret("persons"), mode="test")


def find_faults(world: World, connection: Connection) -> list[str]:
    """Return everything that is wrong with what is stored, as `connection` sees it."""
    hub = Audited(
        world.registry, world.installation.anchor, world.exchange.e_licence, world.workshop.files, world.log.store,
        persons_of(world),
    )  # fmt: skip
    return audit(hub, connection, world.now)
