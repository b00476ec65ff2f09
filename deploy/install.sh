#!/usr/bin/env bash
# Installs or updates AFIRGen as systemd services on Debian or Ubuntu: install.sh [FOLDER [--start-later]]
#
# FOLDER is an unpacked artifact (wheels/, requirements.txt, migrations/, deploy/); without it that of this script.
# With --start-later nothing is started: whoever calls has the settings still to write.
# Run as root. Running it again with the same artifact changes nothing; with another one the old program stays beside.
set -euo pipefail

readonly ROOT=${AFIRGEN_ROOT:-}
readonly HOME_DIR=$ROOT/opt/afirgen
readonly SETTINGS=$ROOT/etc/afirgen
readonly UNITS=$ROOT/etc/systemd/system

say() { printf '%s\n' "$*"; }
fail() {
    say "Installation stopped: $*" >&2
    exit 2
}

main() {
    local source=${1:-$(dirname "$(dirname "$(readlink -f "$0")")")}
    [[ -n $source && -f $source/requirements.txt && -d $source/deploy/systemd ]] ||
        fail "give the folder of an unpacked artifact, such as: install.sh ./artifact"
    [[ $(id -u) == 0 || -n $ROOT ]] || fail "run it as root."
    command -v python3.11 >/dev/null || command -v python3 >/dev/null || fail "Python 3.11 is needed. Install python3-venv."
    local release
    release=$(release_of "$source")
    make_account
    make_settings
    if [[ ! -x $HOME_DIR/releases/$release/venv/bin/afirgen ]]; then
        install_release "$source" "$release"
    fi
    switch_to "$release"
    install_units
    [[ ${2:-} == --start-later ]] || bring_up
    drop_old "$release"
    say "AFIRGen $release is installed. Its settings are in $SETTINGS/afirgen.env."
}

# The name of a release is the hash of what it consists of.
release_of() {
    (cd "$1" && find wheels requirements.txt migrations deploy -type f -print0 | sort -z | xargs -0 sha256sum) |
        sha256sum | cut -c1-16
}

make_account() {
    [[ -z $ROOT ]] || return 0
    getent passwd afirgen >/dev/null ||
        useradd --system --home-dir /var/lib/afirgen --shell /usr/sbin/nologin afirgen
    # The GPU's devices belong to these groups on some systems.
    for group in video render; do
        if getent group "$group" >/dev/null; then usermod --append --groups "$group" afirgen; fi
    done
}

make_settings() {
    install -d -m 0750 "$SETTINGS"
    [[ -f $SETTINGS/afirgen.env ]] || install -m 0640 /dev/stdin "$SETTINGS/afirgen.env" <<'SETTINGS_FILE'
# Settings of this installation; the list is in docs/settings.md. The station's name stands on every form.
AFIRGEN_ENVIRONMENT=production
AFIRGEN_HOST=127.0.0.1
AFIRGEN_PORT=8000
#AFIRGEN_STATION_NAME=
#AFIRGEN_STATION_DISTRICT=
#AFIRGEN_STATION_STATE=
#AFIRGEN_STATION_BEATS=
#AFIRGEN_STATION_LANGUAGE=
SETTINGS_FILE
    [[ -n $ROOT ]] || chown -R root:afirgen "$SETTINGS"
}

install_release() {
    local source=$1 release=$2 python target
    python=$(command -v python3.11 || command -v python3)
    target=$HOME_DIR/releases/$release
    rm -rf "$target"
    install -d -m 0755 "$target"
    cp -R "$source/migrations" "$source/deploy" "$target/"
    if [[ -d $source/docs ]]; then cp -R "$source/docs" "$target/"; fi
    "$python" -m venv "$target/venv"
    # Everything comes from the artifact and is checked against the hashes of the lock; nothing from the network.
    "$target/venv/bin/pip" install --quiet --no-index --find-links "$source/wheels" --require-hashes \
        --requirement "$source/requirements.txt"
    "$target/venv/bin/pip" install --quiet --no-index --find-links "$source/wheels" --no-deps afirgen
}

switch_to() {
    local release=$1 before=""
    before=$(readlink "$HOME_DIR/current" 2>/dev/null || true)
    if [[ -n $before && $before != "releases/$release" ]]; then
        ln -sfn "$before" "$HOME_DIR/previous"
    fi
    # One rename, so that there is never a moment without a program.
    ln -sfn "releases/$release" "$HOME_DIR/current.new"
    mv -T "$HOME_DIR/current.new" "$HOME_DIR/current"
}

install_units() {
    install -d -m 0755 "$UNITS"
    install -m 0644 "$HOME_DIR"/current/deploy/systemd/*.service "$HOME_DIR"/current/deploy/systemd/*.timer "$UNITS/"
    [[ -z $ROOT ]] || return 0
    systemctl daemon-reload
    systemctl enable --quiet afirgen.service afirgen-backup.timer afirgen-drill.timer afirgen-cleanup.timer \
        afirgen-watchdog.timer
}

# Models and the database's form first, then the service: it starts with everything that it needs.
bring_up() {
    [[ -z $ROOT ]] || return 0
    "$HOME_DIR/current/deploy/as-service.sh" models pull
    "$HOME_DIR/current/deploy/as-service.sh" db upgrade
    systemctl restart afirgen.service
    systemctl start afirgen-backup.timer afirgen-drill.timer afirgen-cleanup.timer afirgen-watchdog.timer
}

# Keeps the release that runs and the one before it, for a roll-back.
drop_old() {
    local keep previous
    previous=$(readlink "$HOME_DIR/previous" 2>/dev/null || true)
    for keep in "$HOME_DIR"/releases/*; do
        case "releases/$(basename "$keep")" in
            "releases/$1" | "$previous") ;;
            *) rm -rf "$keep" ;;
        esac
    done
}

main "$@"
