"""Terminals (窗口终端): the browser of a workplace, an ordinary system of its department with a key of its own.

The key is made in that browser and cannot be taken out of it. The browser proves that it has it by signing what the
page asks (the session's own form token, for this hub, at this moment); the operator enrols it as any system, with the
role `terminal`, and what it signs names the officer whose session is bound to it.
1 the proof is signed by the key it carries, of this moment, for this session
2 the key is that of an active terminal of the officer's department
3 the session is bound to it            <- COMMIT POINT
A person who signs changes of rights at a browser shows a key of his own in the same way (step 1), under another type:
the key of a workplace, which others use too, is never taken for a person's.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.errors import AccessError
from hub.steps.registry import Registry
from hub.steps.sessions import Session
from hub.store.parties import PartyReader
from hub.store.session import SessionWriter
from schemas.parties import Role, System
from schemas.tokens import PERSON_TYP, TERMINAL_TYP
from signing.algorithms import PublicKey, key_id
from signing.errors import SigningError
from signing.jws import load_jwk, parse_json, unverified_header, verify_compact

_LONGEST = 4_096
_CODE_LENGTH = 12


@dataclass(frozen=True, slots=True)
class TerminalKey:
    """The public key of a browser that showed it has the private one."""

    key_id: str
    public_key: PublicKey

    @property
    def code(self) -> str:
        """The name that a terminal has where nobody gives it another."""
        named = "".join(letter for letter in self.key_id if letter.isalnum())
        return f"terminal-{named[:_CODE_LENGTH].lower()}"


def read_request(request: str, *, audience: str) -> TerminalKey:
    """Return the key that a browser asks to have enrolled, which it showed that it has. AccessError terminal_proof."""
    return _verified(request, audience, TERMINAL_TYP)[0]


def read_person_request(request: str, *, audience: str) -> PublicKey:
    """Return the key that a person asks to have enrolled as his own. AccessError terminal_proof."""
    return _verified(request, audience, PERSON_TYP)[0].public_key


def bind_terminal(session: Session, proof: str, *, registry: Registry, now: datetime) -> str:
    """Bind a session to the terminal that shows its key (steps 1 to 3); return the terminal's code.

    Raises AccessError terminal_proof, terminal_unknown.
    """
    key = verify_proof(session, proof, registry=registry, now=now)
    with registry.database.read() as connection:
        terminal = _terminal_of(key.key_id, PartyReader(connection), now)
    if terminal is None or terminal.department != session.party:
        raise AccessError("terminal_unknown")
    registry.database.write(
        lambda connection: SessionWriter(connection).bind(session.stored.token_sha256, terminal.code)
    )
    return terminal.code


def verify_proof(session: Session, proof: str, *, registry: Registry, now: datetime) -> TerminalKey:
    """Verify step 1 of a workplace's proof. Raises AccessError terminal_proof."""
    return _of_now(session, proof, TERMINAL_TYP, registry=registry, now=now)


def verify_person_proof(session: Session, proof: str, *, registry: Registry, now: datetime) -> PublicKey:
    """Verify step 1 of a person's proof; return his key. Raises AccessError terminal_proof."""
    return _of_now(session, proof, PERSON_TYP, registry=registry, now=now).public_key


def _of_now(session: Session, proof: str, typ: str, *, registry: Registry, now: datetime) -> TerminalKey:
    key, said = _verified(proof, registry.origin, typ)
    issued_at = said.get("iat")
    is_of_now = (
        type(issued_at) is int and abs(now.timestamp() - issued_at) <= registry.terms.statement_age.total_seconds()
    )
    if said.get("nonce") != session.form_token or not is_of_now:
        raise AccessError("terminal_proof")
    return key


def is_enrolled(key: TerminalKey, *, registry: Registry) -> bool:
    """Say whether a key is or was some system's: it is never enrolled a second time."""
    with registry.database.read() as connection:
        return PartyReader(connection).owner_of(key.key_id) is not None


def _verified(proof: str, audience: str, typ: str) -> tuple[TerminalKey, dict[str, Any]]:
    if not 0 < len(proof) <= _LONGEST:
        raise AccessError("terminal_proof")
    try:
        jwk = unverified_header(proof).get("jwk")
        shown = load_jwk(jwk if isinstance(jwk, dict) else {})
        said = parse_json(verify_compact(proof, find_key=lambda _: shown, typ=typ).payload)
    except SigningError:
        raise AccessError("terminal_proof") from None
    if not isinstance(said, dict) or said.get("aud") != audience:
        raise AccessError("terminal_proof")
    return TerminalKey(key_id(shown.public_key), shown.public_key), said


def _terminal_of(name: str, reader: PartyReader, now: datetime) -> System | None:
    """Return the active terminal that a key counts for now."""
    code = reader.owner_of(name)
    system = reader.system(code) if code is not None else None
    if system is None or not system.active or Role.TERMINAL not in system.roles:
        return None
    return system if name in reader.keys_of(system.code, now) else None
