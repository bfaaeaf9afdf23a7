"""Issue a certificate: an order, bound by the signed statement. 颁发一份证照"""

import json
from datetime import UTC, datetime
from pathlib import Path
from secrets import randbelow

from hub.client import Client
from hub.steps.keyfolder import KeyFolder
from schemas.certificate import civil_date
from schemas.statement import Ordered

me = dict(line.split("=", 1) for line in Path("sandbox-keys/sandbox.env").read_text().splitlines())
client = Client(me["URL"], me["SYSTEM"], KeyFolder(Path("sandbox-keys")).signer(f"system:{me['SYSTEM']}"))

today = civil_date(datetime.now(UTC)).isoformat()
order = {
    "certificate_type": me["CERTIFICATE_TYPE"],
    "issuing_body": me["ISSUING_BODY"],
    "licence_number": me["HOLDER"],
    "holder_name": "示例沙箱单位",
    "holder_address": "示例市示例路1号",
    "certificate_number": f"L-GD-{randbelow(1_000_000):06d}",
    "decision_document": "准予行政许可决定书",
    "decision_number": "示许〔2026〕1号",
    "decided_on": today,
    "valid_from": today,
    "valid_to": None,
    "fields": {
        "legal_representative": "陈示例",
        "business_premises": "示例市示例路1号",
        "permitted_business": "国内旅游业务、入境旅游业务",
        "quality_deposit": "20",
    },
}
issued = client.order(
    "/api/v1/certificates",
    Ordered.ISSUE,
    order,
    officer=me["OFFICER"],
    certificate_type=order["certificate_type"],
    issuing_body=order["issuing_body"],
)
Path("issued.json").write_text(json.dumps(issued))
print(issued["identifier"], f"{client.url}/c/{issued['reference']}")
