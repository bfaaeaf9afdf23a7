"""The hub's own errors: a few kinds, each carrying a stable code that `hub/web/problems.py` turns into an answer.

Messages carry identifiers and digests, never a field of a certificate, a key or a token.
"""


class HubError(Exception):
    """An act that was not done. `code` is stable and public; `facts` are safe to show (field and rule names, ids)."""

    def __init__(self, code: str, /, **facts: object) -> None:
        super().__init__(code, facts)
        self.code = code
        self.facts = facts


class AccessError(HubError):
    """Who calls is not known, or may not call this door."""


class StatementError(HubError):
    """The statement is not the caller's, not for this hub, not of this moment, spent, or not about this content."""


class OrderError(HubError):
    """An order that the registry's rules do not allow."""


class PullError(HubError):
    """A pull or a comparison that is refused."""


class GrantError(HubError):
    """A grant or its withdrawal that is refused."""


class IntakeError(HubError):
    """A file that is not taken in."""


class DocumentError(HubError):
    """A document that is not made or not handed out."""


class ExaminationError(HubError):
    """Something shown that is not examined now."""


class NotFoundError(HubError):
    """Nothing is known by that name."""


class StoreError(HubError):
    """The database, or the place of documents, failed; nothing was acknowledged."""


class BackupError(HubError):
    """A backup that is not made or not restored, or a recovery that is not begun."""


class SetupError(HubError):
    """The installation is not whole: the hub refuses to run half-right."""
