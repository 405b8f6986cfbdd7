#!/bin/sh
# The entry point of the image with Python. Images that derive from it are built as root; the server never runs as
# root: it becomes user 10001 before Node starts, unless the engine names a user.
set -eu
if [ "$(id -u)" = 0 ]; then
    export HOME=/nonexistent
    # Without the right to change the user, as with --cap-drop=all.
    if ! setpriv --reuid=10001 --regid=10001 --clear-groups true 2>/dev/null; then
        echo "serving-kit: this container may not change its user; run it as that user: --user=10001:10001" >&2
        exit 1
    fi
    exec setpriv --reuid=10001 --regid=10001 --clear-groups --no-new-privs node /app/dist/bin.js "$@"
fi
exec node /app/dist/bin.js "$@"
