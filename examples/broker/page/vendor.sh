#!/bin/sh
# Gets the MQTT client for browsers that the page of the broker uses: sh examples/broker/page/vendor.sh
# It needs npm. What it gets is not part of the crate.
set -eu
VERSION=5.16.0
cd "$(dirname "$0")"
command -v npm >/dev/null || { echo "npm is needed: https://nodejs.org" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$work" && npm pack --silent "mqtt@$VERSION" >/dev/null && tar -xzf "mqtt-$VERSION.tgz")
mkdir -p vendor
cp "$work/package/dist/mqtt.min.js" vendor/mqtt.min.js
cp "$work/package/LICENSE.md" vendor/LICENSE.md
echo "vendor/mqtt.min.js is mqtt.js $VERSION"
