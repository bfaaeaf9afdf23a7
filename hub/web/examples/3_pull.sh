#!/bin/sh
# Pull it for a case, on a line of the sharing table: the statement carries the request. 调用证照
set -eu
. sandbox-keys/sandbox.env

cat >request.json <<END
{
  "licence_number": "$HOLDER",
  "wanted": [{"certificate_type": "$CERTIFICATE_TYPE", "fields": ["permitted_business"]}],
  "basis": {"kind": "statutory", "reference": "$RULE"},
  "item_code": "$ITEM_CODE",
  "case_number": "2026-000001"
}
END
yizhao sign POST /api/v1/pulls --keys sandbox-keys --url "$URL" --system "$SYSTEM" --officer "$OFFICER" \
    --token token.json --act pull --request request.json |
    curl --silent --show-error --fail-with-body --config - --output pulled.json
sed 's/.*"delivery": *"\([^"]*\)".*/\1/' pulled.json
echo
