"""The files of documents that an act has erased: deleted after its commit, each noted as gone."""

from datetime import datetime

from hub.steps.registry import Registry
from hub.store.document import DocumentReader, DocumentWriter
from hub.store.files import DocumentFiles

_AT_ONCE = 100


def delete_erased_files(*, registry: Registry, files: DocumentFiles, now: datetime) -> int:
    """Delete the files of documents that an act has erased, and note each as gone; return how many.

    Raises what the place of documents raises; what is left is deleted by the next run.
    """
    deleted = 0
    while digests := _leaving(registry):
        for digest in digests:
            files.delete(digest)
            registry.database.write(lambda connection, each=digest: DocumentWriter(connection).file_gone(each, now))  # type: ignore[misc]
        deleted += len(digests)
    return deleted


def _leaving(registry: Registry) -> list[str]:
    with registry.database.read() as connection:
        return DocumentReader(connection).leaving(_AT_ONCE)
