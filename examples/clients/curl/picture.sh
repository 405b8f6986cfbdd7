#!/bin/sh
# Sends a picture to a model that takes bytes: sh picture.sh http://localhost:8501 photos photo.jpg
set -eu
url=$1 model=$2 picture=$3
printf '{"instances": [{"b64": "%s"}]}' "$(base64 < "$picture" | tr -d '\n')" |
  curl --silent --show-error --fail-with-body --max-time 10 --data @- "$url/v1/models/$model:predict"
