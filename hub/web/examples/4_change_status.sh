#!/bin/sh
# Change its status: suspended for a month, from today. 变更证照状态
set -eu
. sandbox-keys/sandbox.env

identifier=$(sed 's/.*"identifier": *"\([^"]*\)".*/\1/' issued.json)
today=$(TZ=Asia/Shanghai date +%F)
cat >change.json <<END
{
  "identifier": "$identifier",
  "issuing_body": "$ISSUING_BODY",
  "act": "suspend",
  "ground": "限期整改",
  "document_name": "行政决定书",
  "document_number": "示决〔2026〕2号",
  "document_date": "$today",
  "works_from": "$today",
  "until": "$(TZ=Asia/Shanghai date -d '+30 days' +%F)"
}
END
yizhao sign POST /api/v1/status-changes --keys sandbox-keys --url "$URL" --system "$SYSTEM" --officer "$OFFICER" \
    --token token.json --act change_status --content change.json |
    curl --silent --show-error --fail-with-body --config - --output changed.json
sed 's/.*"status": *"\([^"]*\)".*/\1/' changed.json
echo
