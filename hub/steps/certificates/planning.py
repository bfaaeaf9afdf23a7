"""What a batch of orders would become: each held against its body's charge and what the registry already holds.

Steps 2 and 3 of `hub/registry/issuance.py`, inside one transaction that holds the enterprises' rows. What comes out are
intentions with their names and numbers claimed, and the refusals of the others.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from hub.decisions.answers import LICENCE_TYPE
from hub.errors import HubError, OrderError, SetupError
from hub.steps.certificates import intentions
from hub.steps.certificates.intentions import Batch, Intention, Origin
from hub.steps.certificates.remaking import Remade
from hub.steps.orders.seconding import require_joint
from hub.steps.registry import Registry
from hub.store.certificate import CertificateReader, CertificateWriter, DeviceKey, NumberKey, StoredChain
from hub.store.enterprise import LockedEnterprise
from hub.store.intention import IntentionWriter
from hub.store.parties import PartyReader
from hub.store.relation import RelationReader
from hub.store.subject import SubjectReader
from schemas.certificate import CHANGES, UNDECIDING, Act, Certificate, Status, civil_date
from schemas.certificate_type import SubjectKind
from schemas.identifiers import MOST_VERSIONS
from schemas.order import UNNAMED_SUBJECT, Order
from schemas.parties import IssuingBody, RelationKind


class Planning:
    """Step 2 and 3 for one batch, inside one transaction: what each order would become, or why it is refused."""

    def __init__(
        self,
        connection: Connection,
        batch: Batch,
        unlisted: frozenset[str],
        registry: Registry,
        now: datetime,
        statement_number: int,
        remade: Remade | None = None,
    ) -> None:
        """`remade` is the record that the one order of the batch made before, with its serial."""
        self._connection = connection
        self._batch = batch
        self._unlisted = unlisted
        self._registry = registry
        self._now = now
        self._statement_number = statement_number
        self._remade = remade
        self._reader = CertificateReader(connection)
        self._bodies: dict[str, IssuingBody | None] = {}
        self._claims: dict[NumberKey, int] = {}
        self._devices: dict[DeviceKey, int] = {}
        self._sites: list[tuple[str, int]] = []
        self._renewed: set[int] = set()

    def plan(self, enterprises: Mapping[str, LockedEnterprise]) -> list[Intention | HubError]:
        orders = self._batch.orders
        keys = [_number_key(order) for order in orders]
        self._claimed = self._reader.chains_by_number(sorted(set(keys)))
        self._replaced = self._reader.by_identifier(sorted({order.replaces for order in orders if order.replaces}))
        self._chains = self._reader.chains(sorted({each.chain for each in self._replaced.values()}))
        self._claimed_devices = self._reader.device_chains([key for key in map(_device, orders) if key])
        named = {site for order in orders for site in _sites(order)} | {
            device[0] for device in map(_device, orders) if device
        }
        self._known_subjects = SubjectReader(self._connection).among(sorted(named))
        serials = self._serials(len(orders))
        planned = [
            self._plan_one(order, origin, serial, enterprises[order.licence_number])
            for order, origin, serial in zip(orders, self._batch.origins, serials, strict=True)
        ]
        return self._claim(planned)

    def _plan_one(
        self, order: Order, origin: Origin, serial: int, enterprise: LockedEnterprise
    ) -> Intention | HubError:
        try:
            if max(order.decided_on, order.issued_on) > civil_date(self._now):
                raise OrderError("decision_in_future")
            body = self._check_body(order, origin)
            _check_required(order, origin)
            require_joint(order.joint_bodies, self._batch.seconds, self._connection)
            chain, replaced, moved_to = self._chain_for(order, serial, enterprise)
            if replaced is not None and origin.is_native:
                self._check_days(order, replaced)
            self._check_subject(order, chain)
            if self._remade is not None:
                chain = replace(chain, versions=self._remade.version - 1)
            made = intentions.make_intention(
                order,
                origin=origin,
                body_name=body.name_zh if body else order.issuing_body,
                serial=serial,
                chain=chain,
                replaced=replaced,
                holder_reference=enterprise.reference,
                authority=_authority(order, body),
                moved_to=moved_to,
                batch=self._batch.name,
                statement_number=self._statement_number,
                statement_digest=self._batch.verified.digest,
                registry=self._registry,
                now=self._now,
            )
            return made if self._remade is None else self._remade.adopt(made)
        except HubError as error:
            return error

    def _serials(self, count: int) -> list[int]:
        if self._remade is None:
            return CertificateWriter(self._connection).allocate(count)
        return [self._remade.serial(self._registry.status_key)]

    def _check_body(self, order: Order, origin: Origin) -> IssuingBody | None:
        """Refuse a body that is unknown, not in charge, ended, or not the caller's. What no body signed names any."""
        number = order.issuing_body
        if number not in self._bodies:
            self._bodies[number] = PartyReader(self._connection).issuing_body(number)
        body = self._bodies[number]
        if not origin.is_native:
            return body
        if body is None:
            raise OrderError("body_unknown", issuing_body=number)
        if body.department != self._batch.system.department:
            raise OrderError("body_not_yours", issuing_body=number)
        today = civil_date(self._now)
        if body.until_on is not None and today > body.until_on:
            raise OrderError("body_ended", issuing_body=number)
        if not body.is_in_charge(order.certificate_type.code, today):
            raise OrderError("body_not_in_charge", issuing_body=number, certificate_type=order.certificate_type.code)
        if number in self._unlisted:
            raise SetupError("seal_not_listed", issuing_body=number)
        return body

    def _chain_for(
        self, order: Order, serial: int, enterprise: LockedEnterprise
    ) -> tuple[StoredChain, Certificate | None, int | None]:
        """Return the chain the order begins or goes on, the version it replaces, and the slot at a new holder."""
        key = _number_key(order)
        holder_of_number = self._claimed.get(key)
        if order.replaces is None:
            if holder_of_number is not None or key in self._claims:
                raise OrderError("number_taken", certificate_type=order.certificate_type.code)
            self._claims[key] = serial
            slot, enterprise.chains = enterprise.chains, enterprise.chains + 1
            code, body = order.certificate_type.code, order.issuing_body
            chain = StoredChain(serial, order.licence_number, code, body, order.certificate_number, slot, 0, None, None)
            return chain, None, None
        replaced = self._replaced.get(order.replaces)
        if replaced is None:
            raise OrderError("previous_unknown")
        chain = self._chains[replaced.chain]
        self._check_replacement(order, chain, replaced, holder_of_number)
        if key not in self._claimed:
            self._claims[key] = chain.chain
        self._renewed.add(chain.chain)
        if chain.licence_number == order.licence_number:
            return chain, replaced, None
        slot, enterprise.chains = enterprise.chains, enterprise.chains + 1
        return chain, replaced, slot

    def _check_replacement(
        self, order: Order, chain: StoredChain, replaced: Certificate, holder_of_number: StoredChain | None
    ) -> None:
        if chain.certificate_type != order.certificate_type.code:
            raise OrderError("previous_of_another")
        if chain.licence_number != order.licence_number and not self._may_move(order, chain):
            raise OrderError("previous_of_another")
        if chain.issuing_body != order.issuing_body:
            body = PartyReader(self._connection).issuing_body(chain.issuing_body)
            if body is None or body.successor != order.issuing_body:
                raise OrderError("body_not_in_charge", issuing_body=order.issuing_body)
        if holder_of_number is not None and holder_of_number.chain != chain.chain:
            raise OrderError("number_taken", certificate_type=order.certificate_type.code)
        if chain.open is not None or chain.chain in self._renewed:
            raise OrderError("chain_busy", identifier=replaced.identifier)
        if chain.versions >= MOST_VERSIONS:
            raise OrderError("versions_used_up", identifier=replaced.identifier)
        if chain.current != replaced.serial:
            raise OrderError("previous_not_current", identifier=replaced.identifier)
        if (Status(replaced.status), Act.SUPERSEDE) not in CHANGES:
            raise OrderError("transition_not_allowed", status=replaced.status, act="supersede")
        if replaced.status == Status.SUSPENDED and order.cause in UNDECIDING:
            raise OrderError("transition_not_allowed", status=replaced.status, act=order.cause)

    def _check_days(self, order: Order, replaced: Certificate) -> None:
        """Refuse a version that would end the one before on a day to come, or behind the last act done to that one."""
        if order.works_from > civil_date(self._now):
            raise OrderError("works_from_future")
        if order.works_from >= replaced.status_since:
            return
        changes = self._reader.changes([replaced.serial])[replaced.serial]
        if any(each.undone_by is None and each.act != Act.UNDO for each in changes):
            raise OrderError("out_of_order", identifier=replaced.identifier)

    def _may_move(self, order: Order, chain: StoredChain) -> bool:
        """Say whether a chain may go to another holder: its successor, or whoever has the device now."""
        if self._claimed_devices.get(_device(order) or ("", "")) == chain:
            return True
        if chain.certificate_type == LICENCE_TYPE:
            return False  # its number is its holder's: a successor has a licence of its own
        return any(
            each.from_number == chain.licence_number
            and each.to_number == order.licence_number
            and each.kind != RelationKind.BRANCH
            and each.until_on is None
            for each in RelationReader(self._connection).of(chain.licence_number)
        )

    def _check_subject(self, order: Order, chain: StoredChain) -> None:
        """Refuse a site id that nobody registered, what has ended, and a device that another chain is about."""
        for site in _sites(order):
            known = self._known_subjects.get(site)
            if known is None or known.kind != "site" or known.ended_on is not None:
                raise OrderError("subject_unknown", subject_id=site)
            self._sites.append((site, chain.chain))
        device = _device(order)
        if device is None:
            return
        registered = self._known_subjects.get(device[0])
        if registered is not None and registered.ended_on is not None:
            raise OrderError("subject_unknown", subject_id=device[0])
        other = self._claimed_devices.get(device)
        if self._devices.get(device, chain.chain) != chain.chain or (
            other is not None and other.chain != chain.chain and self._reader.is_live(other)
        ):
            raise OrderError("device_elsewhere", subject_id=device[0])
        self._devices[device] = chain.chain

    def _claim(self, planned: list[Intention | HubError]) -> list[Intention | HubError]:
        """Write the claims and intentions; an order that lost its number to another process is refused here."""
        writer = CertificateWriter(self._connection)
        mine = [each for each in planned if isinstance(each, Intention)]
        planned_chains = {each.chain for each in mine}
        holders = writer.claim_numbers({key: v for key, v in self._claims.items() if v in planned_chains})
        lost = {chain for key, chain in self._claims.items() if holders.get(key, chain) != chain}
        planned = [
            OrderError("number_taken") if isinstance(each, Intention) and each.chain in lost else each
            for each in planned
        ]
        mine = [each for each in planned if isinstance(each, Intention)]
        writer.add_chains([each.chain_row() for each in mine if each.version == 1])
        writer.open_chains({each.chain: each.serial for each in mine if each.version > 1})
        writer.claim_names([each.name_row() for each in mine])
        kept = {each.chain for each in mine}
        writer.claim_devices({key: chain for key, chain in self._devices.items() if chain in kept})
        writer.add_sites([(site, chain) for site, chain in self._sites if chain in kept])
        lease_until = self._now + self._registry.terms.lease
        IntentionWriter(self._connection).add(
            [each.row(owner=self._registry.owner, lease_until=lease_until, registry=self._registry) for each in mine]
        )
        return planned


def _check_required(order: Order, origin: Origin) -> None:
    """Refuse a type that was required no more on the day of the decision; what was published may be of any age."""
    replaced = order.certificate_type.replaced
    if replaced is not None and order.decided_on >= replaced.from_on and origin.is_native:
        raise OrderError("type_not_required", certificate_type=order.certificate_type.code)


def _device(order: Order) -> DeviceKey | None:
    """Return what a device's one chain of a type is claimed by; None where no device is named."""
    is_device = order.certificate_type.subject is SubjectKind.DEVICE and order.subject_id != UNNAMED_SUBJECT
    return (order.subject_id, order.certificate_type.code) if is_device else None


def _sites(order: Order) -> tuple[str, ...]:
    """Return the sites an order names by their ids; what is written in words names none."""
    if order.certificate_type.subject is not SubjectKind.SITE:
        return ()
    return tuple(each for each in order.subject_ids or (order.subject_id,) if each.startswith("S-"))


def _authority(order: Order, body: IssuingBody | None) -> dict[str, Any]:
    """Return the claim that says who delegated the type to the body, where it was delegated."""
    delegated_by = body.delegated.get(order.certificate_type.code) if body else None
    return {"authority": {"kind": "delegated", "by": delegated_by}} if delegated_by else {}


def _number_key(order: Order) -> NumberKey:
    return (order.issuing_body, order.certificate_type.code, order.certificate_number)
