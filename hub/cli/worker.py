"""`yizhao worker`: makes documents that are wanted, without doors, until it is told to stop; any number may run."""

import gc
import signal
import sys
import threading
from typing import Annotated

import typer

from hub.cli.connection import Data, DatabaseUrl, Keys, Passphrase
from hub.cli.init import make_settings

# Drawing and the disk leave the interpreter to others: on two cores four make a fifth more than two.
THREADS = 4


def worker(
    data: Data = None,
    keys: Keys = None,
    database: DatabaseUrl = None,
    passphrase_file: Passphrase = None,
    threads: Annotated[int, typer.Option("--threads", min=1, max=16, help="线程数。 How many threads.")] = THREADS,
) -> None:
    """生成证照文件。 Make the documents that are wanted."""
    from hub.app.building import build
    from hub.cli.logs import configure_logs

    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    settings = make_settings(
        data=data, keys=keys, database=database, passphrase_file=passphrase_file, document_threads=threads
    )
    configure_logs(None)
    hub = build(settings)
    # What was built stays for good: a collector that looks at it holds up every thread for a tenth of a second.
    gc.collect()
    gc.freeze()
    try:
        hub.documents.start()
        print("yizhao worker", file=sys.stderr, flush=True)
        stopped.wait()
    finally:
        hub.close()
