#!/bin/sh
# Generates the stubs in serving/ from prediction.proto. Needs protoc (apt-get install protobuf-compiler).
set -eu
cd "$(dirname "$0")"
options=paths=source_relative,Mprediction.proto=example.com/client/serving
protoc --proto_path=../.. prediction.proto \
  --plugin="$(go tool -n protoc-gen-go)" --go_out="$options:serving" \
  --plugin="$(go tool -n protoc-gen-go-grpc)" --go-grpc_out="$options:serving"
