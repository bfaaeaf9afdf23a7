"""Every file that somebody made to deceive, sent to a served hub: each is answered, and none is told as valid."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hub.store.database import Database
from tests.flows.world import make_world
from tests.web.served import served

FOLDER = Path(__file__).parent.parent / "vectors" / "documents"
FILES = sorted([*FOLDER.glob("pdf/*/*.pdf"), *FOLDER.glob("xml/*/*.xml")])


def test_no_vector_is_told_as_valid_and_none_makes_the_server_fail(sqlite_template: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{shutil.copyfile(sqlite_template, tmp_path / 'hub.sqlite')}"
    with closing(Database(url)) as database:
        make_world(database, tmp_path, datetime.now(UTC) - timedelta(seconds=20))
        with served(url, tmp_path, readers=2) as client, ThreadPoolExecutor(2) as pool:
            sent = [pool.submit(client.post, "/api/v1/verifications", content=each.read_bytes()) for each in FILES]
            answers = [each.result() for each in sent]
    assert len(FILES) > 250
    assert {each.status_code for each in answers} == {200}
    assert {each.json()["outcome"] for each in answers} <= {"not_valid", "unknown", None}
