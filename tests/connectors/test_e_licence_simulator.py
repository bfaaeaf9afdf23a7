"""The TEST simulator: phones that sign, a register that can be changed or out of reach."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.contract import CertStatus, LicenceSigner
from connectors.e_licence import CertifiedELicence
from connectors.e_licence_simulator import ELicenceSimulator, SimulatorStatus
from connectors.errors import ELicenceCertError, SimulatorError
from signing.errors import KeyFileError

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
PASSPHRASE = os.urandom(32)
NUMBER = "91442000MA4UNN6R9A"
NAME = "中山市示例食品有限公司"
TEXT = "示例文本"


@pytest.fixture
def simulator(tmp_path: Path) -> ELicenceSimulator:
    return ELicenceSimulator(tmp_path / "simulator", passphrase=PASSPHRASE, mode="test", now=NOW)


@pytest.fixture
def port(tmp_path: Path, simulator: ELicenceSimulator) -> CertifiedELicence:
    status = SimulatorStatus(tmp_path / "simulator")
    return CertifiedELicence(lambda: [simulator.anchor_der], status, allow_test=True)


@pytest.fixture
def signer(simulator: ELicenceSimulator) -> LicenceSigner:
    return simulator.make_licence(NUMBER, NAME, "legal_representative", NOW).signer


def test_what_a_phone_signs_is_verified_to_its_holder(
    simulator: ELicenceSimulator, port: CertifiedELicence, signer: LicenceSigner
) -> None:
    signed = simulator.sign(NUMBER, TEXT, "legal_representative")
    assert port.verify(signed, at=LATER) == signer
    assert port.cert_status(signer, now=LATER) == CertStatus("good", LATER)


def test_each_role_has_a_key_of_its_own(
    simulator: ELicenceSimulator, port: CertifiedELicence, signer: LicenceSigner
) -> None:
    manager = simulator.make_licence(NUMBER, NAME, "manager", NOW).signer
    assert manager.cert_key_id != signer.cert_key_id
    assert port.verify(simulator.sign(NUMBER, TEXT, "manager"), at=LATER).role == "manager"


def test_a_revoked_licence_still_signs_and_its_status_tells(
    simulator: ELicenceSimulator, port: CertifiedELicence, signer: LicenceSigner
) -> None:
    simulator.set_status(NUMBER, "legal_representative", "revoked")
    assert port.verify(simulator.sign(NUMBER, TEXT, "legal_representative"), at=LATER) == signer
    assert port.cert_status(signer, now=LATER) == CertStatus("revoked", LATER)


def test_in_an_outage_every_status_is_unknown_until_it_ends(
    simulator: ELicenceSimulator, port: CertifiedELicence, signer: LicenceSigner
) -> None:
    simulator.set_reachable(reachable=False)
    assert port.cert_status(signer, now=LATER) == CertStatus("unknown", None)
    simulator.set_reachable(reachable=True)
    assert port.cert_status(signer, now=LATER) == CertStatus("good", LATER)


@pytest.mark.parametrize(
    "register", ["", "[]", "{}", '{"reachable": 1, "certs": {}}', '{"reachable": true, "certs": 3}']
)
def test_an_unreadable_register_is_an_outage_and_no_error(
    tmp_path: Path, port: CertifiedELicence, signer: LicenceSigner, register: str
) -> None:
    (tmp_path / "simulator" / "register.json").write_text(register)
    assert port.cert_status(signer, now=LATER) == CertStatus("unknown", None)


def test_without_a_register_the_status_is_unknown(tmp_path: Path, signer: LicenceSigner) -> None:
    assert SimulatorStatus(tmp_path / "nowhere").cert_status(signer, now=LATER) == CertStatus("unknown", None)


def test_a_cert_the_register_has_never_seen_is_unknown_as_of_now(tmp_path: Path, port: CertifiedELicence) -> None:
    stranger = LicenceSigner(NUMBER, NAME, "manager", "kid", "abc")
    assert port.cert_status(stranger, now=LATER) == CertStatus("unknown", LATER)


def test_an_e_licence_ends_after_its_years(
    simulator: ELicenceSimulator, port: CertifiedELicence, signer: LicenceSigner
) -> None:
    signed = simulator.sign(NUMBER, TEXT, "legal_representative")
    with pytest.raises(ELicenceCertError, match="dates"):
        port.verify(signed, at=NOW + timedelta(days=5 * 365 + 1))


def test_a_long_name_is_cut_to_what_a_cert_holds(simulator: ELicenceSimulator, port: CertifiedELicence) -> None:
    licence = simulator.make_licence(NUMBER, "示例" * 40, "agent", NOW)
    signer = port.verify(simulator.sign(NUMBER, TEXT, "agent"), at=LATER)
    assert signer == licence.signer
    assert signer.name.startswith("示例示例")
    assert signer.name.endswith("…")


@pytest.mark.parametrize("mode", ["production", "", "Test"])
def test_the_simulator_refuses_every_mode_but_test(tmp_path: Path, mode: str) -> None:
    with pytest.raises(SimulatorError, match="production"):
        ELicenceSimulator(tmp_path / "simulator", passphrase=PASSPHRASE, mode=mode, now=NOW)
    assert not (tmp_path / "simulator").exists()


def test_a_folder_is_opened_again_with_its_passphrase_only(tmp_path: Path, simulator: ELicenceSimulator) -> None:
    again = ELicenceSimulator(tmp_path / "simulator", passphrase=PASSPHRASE, mode="test", now=LATER)
    assert again.anchor_der == simulator.anchor_der
    with pytest.raises(KeyFileError):
        ELicenceSimulator(tmp_path / "simulator", passphrase=os.urandom(32), mode="test", now=LATER)


def test_a_folder_whose_making_was_cut_short_is_finished_with_the_same_keys(
    tmp_path: Path, simulator: ELicenceSimulator
) -> None:
    licence = simulator.make_licence(NUMBER, NAME, "manager", NOW)
    licence.cert_path.unlink()
    (tmp_path / "simulator" / "authority.cert.der").unlink()
    again = ELicenceSimulator(tmp_path / "simulator", passphrase=PASSPHRASE, mode="test", now=LATER)
    assert again.make_licence(NUMBER, NAME, "manager", LATER).signer.cert_key_id == licence.signer.cert_key_id


def test_keys_lie_encrypted_and_for_their_owner_only(simulator: ELicenceSimulator) -> None:
    licence = simulator.make_licence(NUMBER, NAME, "manager", NOW)
    assert b"ENCRYPTED PRIVATE KEY" in licence.key_path.read_bytes()
    assert licence.key_path.stat().st_mode & 0o077 == 0
    assert licence.cert_path.read_bytes() == licence.cert_der


@pytest.mark.parametrize("number", ["../91442000MA4UNN6", "", "91442000ma4unn6r9a", NUMBER + "\n"])
def test_a_number_that_is_no_licence_number_names_no_file(simulator: ELicenceSimulator, number: str) -> None:
    with pytest.raises(SimulatorError, match="licence_number"):
        simulator.make_licence(number, NAME, "manager", NOW)


@pytest.mark.usefixtures("signer")
def test_a_role_has_one_licence_and_an_unknown_one_signs_nothing(simulator: ELicenceSimulator) -> None:
    with pytest.raises(SimulatorError, match="exists"):
        simulator.make_licence(NUMBER, NAME, "legal_representative", NOW)
    with pytest.raises(SimulatorError, match="unknown_licence"):
        simulator.sign(NUMBER, TEXT, "agent")
    with pytest.raises(SimulatorError, match="unknown_licence"):
        simulator.set_status(NUMBER, "agent", "revoked")
