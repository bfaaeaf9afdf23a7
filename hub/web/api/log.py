"""Doors of the evidence log: checkpoint, tiles (C2SP tlog-tiles) and proofs, for whoever asks."""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from hub.evidence.log import Panel, checkpoint, cosigned, former_log, prove_consistency, prove_inclusion, tile, time_of
from hub.store.log import LogStore
from hub.web.callers import in_thread
from signing.log_head import Revoked

# What was published under a name is never other bytes.
_FOR_EVER = {"cache-control": "public, max-age=31536000, immutable"}
_FOR_A_SECOND = {"cache-control": "public, max-age=1"}
_Place = Annotated[int, Query(ge=0, le=2**62)]
_Leaf = Annotated[int | None, Query(ge=0, le=2**62, description="the index of a leaf")]
_Size = Annotated[int | None, Query(ge=0, le=2**62)]


def routes(store: LogStore, key: Callable[[], str], panel: Panel, revoked: Callable[[], Revoked]) -> APIRouter:
    """`key` returns the log's public key in the one-line form of notes; `panel` are the configured witnesses.

    `revoked` returns the log's keys that count no more.
    """
    router = APIRouter(prefix="/log", tags=["evidence 存证"])

    @router.get("/checkpoint", summary="The signed head of the log 存证日志的签名树头")
    async def newest() -> Response:
        """The checkpoint as a signed note (C2SP tlog-checkpoint); its key is on the trust list and at `/log/key`."""
        return PlainTextResponse(await in_thread(partial(checkpoint, store)), headers=_FOR_A_SECOND)

    @router.get("/cosigned", summary="The newest head that the witnesses signed 见证者附签的最新树头")
    async def vouched() -> Response:
        """The newest checkpoint that enough of the hub's witnesses have cosigned (C2SP tlog-cosignature)."""
        return PlainTextResponse(await in_thread(lambda: cosigned(store, panel, revoked())), headers=_FOR_A_SECOND)

    @router.get("/time", summary="When a leaf was there, as an authority says 可信时间")
    async def stamped(leaf: _Leaf = None) -> Response:
        """The newest timestamp (RFC 3161), or the first over a checkpoint that has the leaf at this index."""
        found = await in_thread(lambda: time_of(leaf, store, revoked()))
        return JSONResponse(found, headers=_FOR_A_SECOND)

    @router.get("/tile/{name:path}", summary="A tile of the log 日志数据块")
    async def one_tile(name: str) -> Response:
        """256 hashes of a level, or the leaves under them (`entries/…`); `.p/W` is the first W of them."""
        content = await in_thread(partial(tile, name, store))
        return Response(content, media_type="application/octet-stream", headers=_FOR_EVER)

    @router.get("/proof/inclusion", summary="Proof that a leaf is in the log 存在证明")
    async def inclusion(index: _Place, size: _Size = None) -> dict[str, Any]:
        """RFC 9162, 2.1.3: the path from the leaf at `index` to the root of the first `size` leaves."""
        found: dict[str, Any] = await in_thread(partial(prove_inclusion, index, size, store))
        return found

    @router.get("/proof/consistency", summary="Proof that nothing was taken out 一致性证明")
    async def consistency(
        old: Annotated[int, Query(alias="from", ge=0, le=2**62)], new: Annotated[int | None, Query(alias="to")] = None
    ) -> dict[str, Any]:
        """RFC 9162, 2.1.4: the tree of `to` leaves begins with that of `from` leaves."""
        found: dict[str, Any] = await in_thread(partial(prove_consistency, old, new, store))
        return found

    @router.get("/{number:int}/checkpoint", summary="The last head of a log 某一期日志的签名树头")
    async def of_log(number: int) -> Response:
        """The checkpoint of the log of that number: the last one where it was closed by a recovery."""
        return PlainTextResponse(await in_thread(lambda: checkpoint(former_log(number, store))), headers=_FOR_A_SECOND)

    @router.get("/{number:int}/tile/{name:path}", summary="A tile of a log 某一期日志的数据块")
    async def tile_of_log(number: int, name: str) -> Response:
        """As `/log/tile/…`, of the log of that number."""
        content = await in_thread(lambda: tile(name, former_log(number, store)))
        return Response(content, media_type="application/octet-stream", headers=_FOR_EVER)

    @router.get("/{number:int}/time", summary="When a leaf of a log was there 某一期日志的可信时间")
    async def time_of_log(number: int, leaf: _Leaf = None) -> Response:
        """As `/log/time`, of the log of that number."""
        found = await in_thread(lambda: time_of(leaf, former_log(number, store), revoked()))
        return JSONResponse(found, headers=_FOR_A_SECOND)

    @router.get("/key", summary="The key of the log 日志公钥")
    async def keys() -> Response:
        return PlainTextResponse(f"{key()}\n", headers=_FOR_A_SECOND)

    return router
