#!/bin/sh
# Publishes version $2 of a model: copies it beside the others, then renames it, which is atomic. A server that polls the
# folder sees a version as a whole or not at all.
set -eu
from=$1 version=$2 to=$3
mkdir -p "$to"
rm -rf "$to/.copying-$version"
cp -R "$from/$version" "$to/.copying-$version"
mv "$to/.copying-$version" "$to/$version"
