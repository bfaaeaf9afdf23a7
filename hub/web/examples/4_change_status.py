"""Change its status: suspended for a month, from today. 变更证照状态"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hub.client import Client
from hub.steps.keyfolder import KeyFolder
from schemas.certificate import civil_date
from schemas.statement import Ordered

me = dict(line.split("=", 1) for line in Path("sandbox-keys/sandbox.env").read_text().splitlines())
client = Client(me["URL"], me["SYSTEM"], KeyFolder(Path("sandbox-keys")).signer(f"system:{me['SYSTEM']}"))

today = civil_date(datetime.now(UTC))
change = {
    "identifier": json.loads(Path("issued.json").read_text())["identifier"],
    "issuing_body": me["ISSUING_BODY"],
    "act": "suspend",
    "ground": "限期整改",
    "document_name": "行政决定书",
    "document_number": "示决〔2026〕1号",
    "document_date": today.isoformat(),
    "works_from": today.isoformat(),
    "until": (today + timedelta(days=30)).isoformat(),
}
path = "/api/v1/status-changes"
done = client.order(path, Ordered.CHANGE_STATUS, change, officer=me["OFFICER"], issuing_body=change["issuing_body"])
print(done["status"])
