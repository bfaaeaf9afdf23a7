"""The baseline of every scan: a Starlette application with one route that answers with nothing."""

import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


async def answer(_: Request) -> Response:
    """Answer 200 with an empty body."""
    return Response()


def main() -> None:
    """Serve on the port that is the one argument, until stopped."""
    application = Starlette(routes=[Route("/", answer)])
    uvicorn.run(
        application,
        host="127.0.0.1",
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
    )


if __name__ == "__main__":
    main()
