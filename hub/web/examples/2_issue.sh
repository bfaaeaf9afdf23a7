#!/bin/sh
# Issue a certificate: an order, bound by the signed statement. 颁发一份证照
set -eu
. sandbox-keys/sandbox.env

today=$(TZ=Asia/Shanghai date +%F)
cat >order.json <<END
{
  "certificate_type": "$CERTIFICATE_TYPE",
  "issuing_body": "$ISSUING_BODY",
  "licence_number": "$HOLDER",
  "holder_name": "示例沙箱单位",
  "holder_address": "示例市示例路1号",
  "certificate_number": "L-GD-$(od -An -N2 -tu2 /dev/urandom | awk '{ printf "%06d", $1 }')",
  "decision_document": "准予行政许可决定书",
  "decision_number": "示许〔2026〕2号",
  "decided_on": "$today",
  "valid_from": "$today",
  "valid_to": null,
  "fields": {
    "legal_representative": "陈示例",
    "business_premises": "示例市示例路1号",
    "permitted_business": "国内旅游业务、入境旅游业务",
    "quality_deposit": "20"
  }
}
END
yizhao sign POST /api/v1/certificates --keys sandbox-keys --url "$URL" --system "$SYSTEM" --officer "$OFFICER" \
    --token token.json --act issue --content order.json |
    curl --silent --show-error --fail-with-body --config - --output issued.json
sed 's/.*"identifier": *"\([^"]*\)".*/\1/' issued.json
echo
