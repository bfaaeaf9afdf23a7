"""Sign in: an assertion and a proof for a token of five minutes. The client renews it by itself. 取得令牌"""

from pathlib import Path

from hub.client import Client
from hub.steps.keyfolder import KeyFolder

me = dict(line.split("=", 1) for line in Path("sandbox-keys/sandbox.env").read_text().splitlines())
client = Client(me["URL"], me["SYSTEM"], KeyFolder(Path("sandbox-keys")).signer(f"system:{me['SYSTEM']}"))

proof = {"dpop": client.proof("POST", "/oauth/token", None)}
answer = client.http.post(f"{client.url}/oauth/token", data=client.token_form(), headers=proof).raise_for_status()
print(answer.json()["token_type"], answer.json()["expires_in"])
