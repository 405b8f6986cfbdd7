#!/bin/sh
# Calls a model over REST: sh predict.sh http://localhost:8501 digits request.json
set -eu
url=$1 model=$2 body=$3
curl --silent --show-error --fail "$url/v1/models/$model" > /dev/null # is it there?
curl --silent --show-error --fail-with-body --max-time 10 \
  --header "Content-Type: application/json" --data "@$body" "$url/v1/models/$model:predict"
