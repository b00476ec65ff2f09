#!/usr/bin/env bash
# Runs one `afirgen` command as the service does: same account, settings, secrets and folder.
set -euo pipefail

set -a
# shellcheck source=/dev/null
. /etc/afirgen/afirgen.env
# Another server with a copy of the database, as a restore drill has it.
if [[ -n ${AFIRGEN_DATABASE_HOST:-} ]]; then
    AFIRGEN_DATABASE_URL="${AFIRGEN_DATABASE_URL/@*:3306/@$AFIRGEN_DATABASE_HOST:3306}"
fi
export AFIRGEN_DATA_DIR=/var/lib/afirgen
set +a
install -d -m 0750 -o afirgen -g afirgen /var/lib/afirgen
cd /opt/afirgen/current
exec runuser --user afirgen --preserve-environment -- venv/bin/afirgen "$@"
