"""Verify what was pulled, and get the receipt of the issue: both without a token, as anybody may. 核验与回执"""

import json
from pathlib import Path

import httpx

me = dict(line.split("=", 1) for line in Path("sandbox-keys/sandbox.env").read_text().splitlines())
issued = json.loads(Path("issued.json").read_text())

receipt = httpx.get(f"{me['URL']}/api/v1/receipts/{issued['act_id']}").raise_for_status()
Path("receipt.jwt").write_bytes(receipt.content)
pulled = Path("pulled.json").read_bytes()
verified = httpx.post(f"{me['URL']}/api/v1/verifications", content=pulled).raise_for_status()
print(verified.json()["outcome"])
