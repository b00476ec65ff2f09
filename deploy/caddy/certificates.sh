#!/usr/bin/env bash
# Keeps Caddy's certificates beyond the instance: the authority gives only a few a week for one name.
#
#   certificates.sh restore|save
set -euo pipefail

ROOT="${ROOT:-}"
# shellcheck source=/dev/null
. "$ROOT/etc/afirgen/instance"
kept="s3://$BACKUPS_BUCKET/caddy/"
folder="$ROOT/var/lib/caddy/.local/share/caddy/"

case "${1:-}" in
    restore)
        install -d -m 700 "$folder"
        aws s3 sync --only-show-errors --region "$AWS_REGION" "$kept" "$folder"
        chown -R caddy:caddy "$ROOT/var/lib/caddy"
        chmod -R go= "$folder"
        ;;
    save)
        # Locks would only be in the way of the next instance.
        aws s3 sync --only-show-errors --region "$AWS_REGION" --exclude 'locks/*' "$folder" "$kept"
        ;;
    *)
        echo "Say restore or save." >&2
        exit 2
        ;;
esac
