"""On what a requester may be told of changes now: an approved line, a live grant, a copy that may still be used.

Lines and grants are decided as for a pull (`hub/decisions/authorisation.py:may_follow`). A presentation is over in
minutes and gives no continuing basis of its own; what was delivered on it does, as long as its copy may be used.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from connectors.contract import ELicence
from hub.decisions.authorisation import GrantStanding, may_follow
from hub.steps.consent.signer_status import opened_grant, standing_of
from hub.steps.registry import Registry
from hub.steps.sharing.delivery import scope_of
from hub.store.exchange import ExchangeReader
from hub.store.grant import GrantReader
from hub.store.sharing import SharingReader
from schemas.catalogue import Catalogue
from schemas.certificate import Certificate, civil_date
from schemas.change_feed import DELIVERED
from schemas.exchange import Basis
from schemas.parties import System
from schemas.sharing import SharingRule, in_force
from signing.jws import unverified_payload


@dataclass(frozen=True, slots=True)
class Ground:
    """Why a change is told: the kind of basis, and the line's code, the grant's digest, or the decision's name."""

    kind: str
    reference: str


@dataclass(frozen=True, slots=True)
class _Granted:
    standing: GrantStanding
    covers: Callable[[Certificate], bool]


@dataclass(frozen=True, slots=True)
class Grounds:
    """The bases that a requester has about some holders at one moment."""

    system: System
    catalogue: Catalogue
    now: datetime
    rules: Sequence[SharingRule]
    grants: Mapping[str, Sequence[_Granted]]
    delivered: Mapping[str, str]

    def find(self, certificate: Certificate) -> Ground | None:
        """Return on what a change of this certificate is told: a line, else a grant, else a copy, else nothing."""
        code = certificate.certificate_type
        for rule in self.rules:
            if may_follow(code, system=self.system, rule=rule, grant=None, catalogue=self.catalogue, now=self.now):
                return Ground(Basis.STATUTORY.value, rule.code)
        for each in self.grants.get(certificate.licence_number, ()):
            grant = each.standing
            is_given = may_follow(
                code, system=self.system, rule=None, grant=grant, catalogue=self.catalogue, now=self.now
            )
            if is_given and each.covers(certificate):
                return Ground(grant.basis.value, grant.digest)
        decision = self.delivered.get(certificate.identifier)
        return None if decision is None else Ground(DELIVERED, decision)


def gather_grounds(
    certificates: Sequence[Certificate], *, system: System, registry: Registry, e_licence: ELicence, now: datetime
) -> Grounds:
    """Return a requester's bases about these certificates; signers of grants are asked again where that is due."""
    with registry.database.read() as connection:
        rules = _rules(system, connection, now)
    lines = Grounds(system, registry.catalogue, now, rules, {}, {})
    holders = sorted({each.licence_number for each in certificates if lines.find(each) is None})
    if not holders:
        return lines
    with registry.database.read() as connection:
        given = GrantReader(connection).live(holders, system.department, now)
        delivered = _delivered(holders, system, connection, now)
    grants: dict[str, list[_Granted]] = {}
    for each in given:
        # Outside of any transaction: it may ask the e-licence port.
        standing = standing_of(each.digest, registry=registry, e_licence=e_licence, now=now)
        if standing is not None:
            covers = scope_of(opened_grant(each, registry)[0], each.recorded_at)
            grants.setdefault(each.holder, []).append(_Granted(standing, covers))
    return Grounds(system, registry.catalogue, now, rules, grants, delivered)


def still_stands(ground: Ground, *, system: System, connection: Connection, now: datetime) -> bool:
    """Say whether a basis was not taken away since it was found; in the transaction that records what it told."""
    if ground.kind == Basis.STATUTORY:
        rule = SharingReader(connection).in_force(ground.reference, civil_date(now))
        return rule is not None and rule.requester == system.department and rule.stands(civil_date(now))
    digest: str | None = ground.reference
    if ground.kind == DELIVERED:
        decision = ExchangeReader(connection).decision(ground.reference)
        digest = decision.basis_reference if decision and decision.basis != Basis.STATUTORY else None
    grant = GrantReader(connection).get(digest) if digest else None
    return digest is None or (grant is not None and grant.withdrawn_at is None)


def _rules(system: System, connection: Connection, now: datetime) -> list[SharingRule]:
    versions = SharingReader(connection).by_code(requester=system.department).values()
    found = (in_force(each, civil_date(now)) for each in versions)
    return [each for each in found if each is not None]


def _delivered(holders: Sequence[str], system: System, connection: Connection, now: datetime) -> dict[str, str]:
    found: dict[str, str] = {}
    for decision, note in ExchangeReader(connection).usable(holders, system.department, now):
        told = unverified_payload(note)
        found |= {each["identifier"]: decision for each in told["presentations"]}
    return found
