#!/bin/sh
# Verify a signed answer about what was issued, and get the receipt of the act: without a token, as anybody may. 核验与回执
set -eu
. sandbox-keys/sandbox.env

reference=$(sed 's/.*"reference": *"\([^"]*\)", *"holder.*/\1/' issued.json)
act=$(sed 's/.*"act_id": *"\([^"]*\)".*/\1/' issued.json)
curl --silent --show-error --fail-with-body --output receipt.jwt "$URL/api/v1/receipts/$act"
curl --silent --show-error --fail-with-body --header 'accept: application/jwt' --output answer.jwt "$URL/c/$reference"
curl --silent --show-error --fail-with-body --header 'content-type: application/octet-stream' \
    --data-binary @answer.jwt --output verified.json "$URL/api/v1/verifications"
sed 's/.*"outcome": *"\([^"]*\)".*/\1/' verified.json
echo
