#!/usr/bin/env bash
# Starts the service again when it has not answered /live three times in a row.
set -euo pipefail

readonly MOST=3
count_file="${RUNTIME_DIRECTORY:-/run/afirgen-watchdog}/failures"
port="$(sed -n 's/^\(AFIRGEN_\)\{0,1\}PORT=//p' /etc/afirgen/afirgen.env 2>/dev/null | tail -n 1)"

if curl --silent --fail --max-time 10 "http://127.0.0.1:${port:-8000}/live" >/dev/null; then
    rm -f "$count_file"
    exit 0
fi

failures=$(($(cat "$count_file" 2>/dev/null || echo 0) + 1))
if ((failures < MOST)); then
    echo "$failures" >"$count_file"
    echo "No answer from /live, $failures of $MOST."
    exit 0
fi
rm -f "$count_file"
echo "No answer from /live $MOST times in a row: the service is started again."
exec systemctl restart --no-block afirgen.service
