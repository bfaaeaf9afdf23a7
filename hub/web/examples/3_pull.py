"""Pull it for a case, on a line of the sharing table: the statement carries the request. 调用证照"""

import json
from pathlib import Path

from hub.client import Client
from hub.steps.keyfolder import KeyFolder
from schemas.statement import Ordered

me = dict(line.split("=", 1) for line in Path("sandbox-keys/sandbox.env").read_text().splitlines())
client = Client(me["URL"], me["SYSTEM"], KeyFolder(Path("sandbox-keys")).signer(f"system:{me['SYSTEM']}"))

request = {
    "licence_number": me["HOLDER"],
    "wanted": [{"certificate_type": me["CERTIFICATE_TYPE"], "fields": ["permitted_business"]}],
    "basis": {"kind": "statutory", "reference": me["RULE"]},
    "item_code": me["ITEM_CODE"],
    "case_number": "2026-000001",
}
pulled = client.request("/api/v1/pulls", Ordered.PULL, request, officer=me["OFFICER"])
Path("pulled.json").write_text(json.dumps(pulled))
print(pulled["delivery"], pulled["items"][0]["verdict"]["outcome"])
