"""`yizhao restored`: tell the hub that its store was put back to an earlier state, or that its clock was put right."""

from datetime import UTC, datetime

from hub.cli.connection import Data, DatabaseUrl
from hub.cli.init import make_settings, open_database
from hub.cli.output import AsJson, show


def restored(data: Data = None, database: DatabaseUrl = None, as_json: AsJson = False) -> None:
    """恢复数据库或校正时钟之后、启动之前运行。 Run after a restore, or a clock put right, and before serving.

    What was issued before, or within a minute after, is refused from then on: it may have been used already.
    """
    from hub.steps.orders.freshness import note_restored
    from schemas.evidence import GREATEST_ERROR

    settings, now = make_settings(data=data, keys=None, database=database, passphrase_file=None), datetime.now(UTC)
    with open_database(settings) as opened:
        opened.write(lambda connection: note_restored(connection, now))
    show({"restored_at": now, "sign_ins_from": now + GREATEST_ERROR}, as_json=as_json)
