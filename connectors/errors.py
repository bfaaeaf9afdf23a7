"""What can go wrong at the edge to an outside system or file: one small family, one class per kind.

Messages carry rules, row numbers and digests, never a value from a file or a text that was signed.
"""


class ConnectorError(Exception):
    """Something from outside cannot be used."""


class ELicenceSignatureError(ConnectorError):
    """The signature is not this cert's over this text."""


class ELicenceCertError(ConnectorError):
    """The cert is not an electronic business licence's; `reason` says why.

    One of: malformed, critical_extension, test_in_production, chain, dates, purpose (the cert's), algorithm,
    licence_number, role.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"electronic business licence cert refused: {reason}")
        self.reason = reason


class PersonSignInError(ConnectorError):
    """The proof is not that a person confirmed this text now."""


class IdentityError(ConnectorError):
    """The provider of identities vouches for nobody: `reason` is one of away, answer, token.

    away: it cannot be asked, or does not do what providers do (`detail`: the outside server's trouble). answer: what
    the browser brought from it does not count there. token: what it signed is not what the hub takes (`detail`: the
    rule).
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"provider of identities: {reason}" + (f" ({detail})" if detail else ""))
        self.reason = reason
        self.detail = detail


class NotificationError(ConnectorError):
    """The message service did not take a message."""


class SimulatorError(ConnectorError):
    """A TEST simulator refuses: `reason` is one of production, licence_number, exists,
    unknown_licence."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"simulator: {reason}")
        self.reason = reason


class OutsideError(ConnectorError):
    """An outside server did not do what it was asked: `reason` is one of unreachable, too_long, status, form.

    `status` is that of its answer, where there was one.
    """

    def __init__(self, reason: str, status: int | None = None) -> None:
        super().__init__(f"outside server: {reason}" + (f" ({status})" if status is not None else ""))
        self.reason = reason
        self.status = status


class TabularError(ConnectorError):
    """The file as a whole cannot be read; `rule` names what it breaks, `row` where, when that is known."""

    def __init__(self, rule: str, row: int | None = None) -> None:
        super().__init__(f"table refused: {rule}" + (f" (row {row})" if row is not None else ""))
        self.rule = rule
        self.row = row


class TabularEncodingError(TabularError):
    """The text is neither UTF-8 nor GB 18030 throughout. Rule: encoding."""


class TabularHeaderError(TabularError):
    """The first row does not name the columns. Rules: header_missing, header_empty, header_twice, header_form.

    `column` is the position, from 1, of the name at fault: a file without a header has values where names should be,
    so the name itself is not told.
    """

    def __init__(self, rule: str, column: int | None = None) -> None:
        super().__init__(f"header_{rule}", 1)
        self.column = column


class TabularCutError(TabularError):
    """The file ends in the middle of something. Rules: quote (opened in `row`, never closed), character, archive."""


class TabularLimitError(TabularError):
    """The file is larger than allowed. Rules: columns, row_length, members, uncompressed, ratio, strings, token."""


class TabularFormError(TabularError):
    """The file is of no form read here. Rules: old_excel, archive, encrypted, workbook, sheet, xml, doctype."""
