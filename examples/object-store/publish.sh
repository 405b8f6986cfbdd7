#!/bin/sh
# Publishes a folder as a version: publish.sh models/digits/3 s3://bucket/models/digits/3
set -eu
cd "$1"
find . -type f ! -name SHA256SUMS -exec sha256sum {} + > SHA256SUMS
# First, so that no half version is ever loaded.
aws s3 cp SHA256SUMS "$2/SHA256SUMS"
aws s3 cp --recursive . "$2"
