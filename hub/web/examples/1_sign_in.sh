#!/bin/sh
# Sign in: an assertion and a proof for a token of five minutes. 取得令牌
set -eu
. sandbox-keys/sandbox.env

yizhao sign POST /oauth/token --keys sandbox-keys --url "$URL" --system "$SYSTEM" |
    curl --silent --show-error --fail-with-body --config - --output token.json
sed 's/.*"token_type": *"\([^"]*\)".*/\1/' token.json
echo
