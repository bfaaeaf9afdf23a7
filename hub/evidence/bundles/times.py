"""Times from outside, for a bundle: of each act the first word of another over a head of the log that has it.

A head's note with a timestamp authority's token over it (RFC 3161), or with the line of the witness who saw it; and for
each act the proof of its place under that very head. What nobody outside has vouched for yet has none here.
"""

from collections.abc import Sequence
from typing import Any

from hub.evidence.bundles.members import Contents
from hub.store.log import LogStore, ProvenTime, WitnessWord
from hub.store.log_view import LogView
from signing.base64url import encode
from signing.checkpoint import add_lines
from signing.log_head import Revoked
from signing.merkle import inclusion_path


def put_times(contents: Contents, store: LogStore, anchors: Sequence[bytes], revoked: Revoked) -> None:
    """Put in the first times over the acts of a bundle; `anchors` (DER) issue the authorities that are believed.

    Passed over is what was said of heads by keys of the log that count no more (`revoked`).
    """
    heads: dict[tuple[int, int, str], dict[str, Any]] = {}
    for each in contents.entries:
        if each.leaf_index is None:
            continue
        log = store.log_at(each.leaf_index)
        view = LogView(log)
        index = each.leaf_index - view.head.first_place
        for said in (log.first_time(index, revoked), log.first_word(index, revoked)):
            if said is not None:
                head = _head(contents, heads, said)
                path = inclusion_path(index, said.size, view.hashes)
                head["acts"].append({"act": each.act_id, "index": index, "path": [encode(one) for one in path]})
    if heads:
        contents.put_json("times.json", list(heads.values()))
    if any(each["token"] for each in heads.values()):
        contents.put_certs(anchors, "times")


def _head(
    contents: Contents, heads: dict[tuple[int, int, str], dict[str, Any]], said: ProvenTime | WitnessWord
) -> dict[str, Any]:
    """Return the row of a head that was vouched for, its files put in when it is new."""
    by = "" if isinstance(said, ProvenTime) else said.witness
    key = (said.log, said.size, by)
    if key not in heads:
        name = f"times/{len(heads) + 1}"
        heads[key] = {"head": f"{name}.txt", "token": None, "witness": by or None, "acts": []}
        contents.files[f"{name}.txt"] = (said.note if not by else add_lines(said.note, [_line(said)])).encode()
        if isinstance(said, ProvenTime):
            heads[key]["token"] = f"{name}.tsr"
            contents.files[f"{name}.tsr"] = said.token
    return heads[key]


def _line(said: ProvenTime | WitnessWord) -> str:
    return said.line if isinstance(said, WitnessWord) else ""
