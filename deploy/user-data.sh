#!/usr/bin/env bash
# First start of an instance: secrets, models, program, HTTPS, address; then it says that it is ready, or that it failed.
#
#   user-data.sh FOLDER    FOLDER is the unpacked artifact; the template has written /etc/afirgen/instance.
#
# ROOT stands before every path that is written, so that the script can be tried without touching a machine.
set -euo pipefail

ROOT="${ROOT:-}"
artifact="${1:?Name the folder of the unpacked artifact.}"
settings="$ROOT/etc/afirgen/instance"
# shellcheck source=/dev/null
. "$settings"
export AWS_DEFAULT_REGION="$AWS_REGION"
# Seconds to wait between two looks, and how many looks before giving up.
PAUSE_S="${PAUSE_S:-5}"
LOOKS="${LOOKS:-240}"
# Stands for the database until it is found. It leads nowhere, so that a program that starts too early fails, instead of
# beginning a database of its own.
NO_HOST=not-there-yet.invalid

# Whose the address was before this instance took it.
held=""

main() {
    trap 'finish $?' EXIT
    logs_and_figures
    packages
    # It starts nothing yet: there are no settings.
    bash "$artifact/deploy/install.sh" "$artifact" --start-later
    models="$(place_of_models)"
    write_settings
    # It may take minutes, in which the models come and, on a first deployment, the database.
    bash "$artifact/deploy/llama-cuda.sh" "$artifact" "$ARTIFACTS_BUCKET" &
    runtime=$!
    systemctl start afirgen-models.service
    find_database
    as_service db upgrade
    wait "$runtime"
    systemctl start afirgen.service
    wait_for "the program" program_is_ready
    systemctl start afirgen-backup.timer afirgen-drill.timer afirgen-cleanup.timer afirgen-watchdog.timer
    serve_https
}

finish() {
    if [ "$1" = 0 ]; then
        report SUCCESS CONTINUE
    else
        give_address_back
        report FAILURE ABANDON
    fi
}

# --- what the machine needs -----------------------------------------------------------------------------------

as_service() { "$ROOT/opt/afirgen/current/deploy/as-service.sh" "$@"; }

logs_and_figures() {
    install -d -m 755 "$ROOT/etc/rsyslog.d" "$ROOT/etc/logrotate.d" "$ROOT/var/log/afirgen"
    install -m 644 "$artifact/deploy/logs/rsyslog.conf" "$ROOT/etc/rsyslog.d/30-afirgen.conf"
    install -m 644 "$artifact/deploy/logs/logrotate.conf" "$ROOT/etc/logrotate.d/afirgen"
    chown syslog:adm "$ROOT/var/log/afirgen"
    systemctl restart rsyslog
    local agent="$ROOT/opt/aws/amazon-cloudwatch-agent"
    if [ ! -x "$agent/bin/amazon-cloudwatch-agent-ctl" ]; then
        curl -fsS --retry 5 -o /tmp/agent.deb \
            https://amazoncloudwatch-agent.s3.amazonaws.com/ubuntu/amd64/latest/amazon-cloudwatch-agent.deb
        apt_get install /tmp/agent.deb
    fi
    install -d -m 755 "$agent/etc"
    sed "s/@DEPLOYMENT@/$DEPLOYMENT/g" "$artifact/deploy/logs/cloudwatch-agent.json" > "$agent/etc/afirgen.json"
    "$agent/bin/amazon-cloudwatch-agent-ctl" -a fetch-config -m ec2 -s -c "file:$agent/etc/afirgen.json"
}

packages() {
    if ! command -v python3.11 > /dev/null; then
        # The image brings the Python of its distribution; the locked packages are those of 3.11.
        wait_for "the place of Python 3.11" add-apt-repository --yes --no-update ppa:deadsnakes/ppa
    fi
    wait_for "the list of packages" apt_get update
    # With its headers: the language model's runtime is compiled against them.
    apt_get install python3.11 python3.11-venv python3.11-dev g++ libgomp1 caddy
}

# In the first minutes the image updates itself and holds the locks.
apt_get() {
    DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 -qq -y --no-install-recommends "$@" > /dev/null
}

# The image mounts the instance's own disk, which is fast and lost with the instance; so is nothing that counts.
place_of_models() {
    local folder=/var/cache/afirgen kept="$ROOT/etc/systemd/system/afirgen-models.service.d"
    if lsblk --nodeps --noheadings --output MODEL | grep -q "Instance Storage" &&
        LOOKS=12 wait_for "the fast disk" mountpoint -q "$ROOT/opt/dlami/nvme" >&2; then
        folder=/opt/dlami/nvme/afirgen
    fi
    install -d -m 755 "$ROOT$folder" "$ROOT$folder/models" "$kept"
    chown afirgen:afirgen "$ROOT$folder" "$ROOT$folder/models"
    printf '[Service]\nReadWritePaths=-%s\n' "$folder/models" > "$kept/place.conf"
    systemctl daemon-reload
    echo "$folder/models"
}

# --- settings and secrets -------------------------------------------------------------------------------------

secret() {
    aws secretsmanager get-secret-value --secret-id "$1" --query SecretString --output text
}

write_settings() {
    local ca="$ROOT/etc/afirgen/database-ca.pem" database user password api_key fir_key backup_key proxies=127.0.0.1
    # Caddy asks from here; the load balancer, where there is one, from inside the network.
    if [ "$HTTPS" = load-balancer ]; then
        proxies=127.0.0.1,10.0.0.0/8
    fi
    curl -fsS --retry 5 --retry-all-errors -o "$ca" https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem
    chmod 644 "$ca"
    database="$(secret "$DATABASE_SECRET")"
    user="$(field username <<< "$database")"
    password="$(field password <<< "$database")"
    # One by one, because a failure inside the text below would go unseen.
    api_key="$(secret "$API_KEY_SECRET")"
    fir_key="$(secret "$FIR_AUTH_SECRET")"
    backup_key="$(secret "$BACKUP_KEY_SECRET")"
    local file="$ROOT/etc/afirgen/afirgen.env"
    install -m 600 /dev/null "$file"
    # Nothing here is printed: what this script prints goes to a log.
    cat > "$file" << SETTINGS
AFIRGEN_ENVIRONMENT=production
AFIRGEN_HOST=127.0.0.1
AFIRGEN_PORT=8000
AFIRGEN_TRUSTED_PROXIES=$proxies
AFIRGEN_PROFILE=$PROFILE
AFIRGEN_MODEL_DIR=$models
AFIRGEN_MODEL_SOURCES=s3://$MODELS_BUCKET/models,registry
AFIRGEN_ORIGINALS=s3://$ORIGINALS_BUCKET/originals
AFIRGEN_DATABASE_URL=mysql+asyncmy://$user:$password@$NO_HOST:3306/afirgen?ssl_ca=/etc/afirgen/database-ca.pem
AFIRGEN_API_KEY=$api_key
AFIRGEN_FIR_AUTH_KEY=$fir_key
AFIRGEN_BACKUP_KEY=$backup_key
AFIRGEN_BACKUP_TARGET=s3://$BACKUPS_BUCKET/backups
AFIRGEN_LLM_GPU_LAYERS=-1
AFIRGEN_SPEECH_DEVICE=cuda
AFIRGEN_CLOUDWATCH=$DEPLOYMENT
AFIRGEN_TRACES=http://127.0.0.1:4318
AWS_DEFAULT_REGION=$AWS_REGION
SETTINGS
    # A line without a value would print an empty name; without the line the form shows a blank to fill in.
    {
        station NAME "$STATION_NAME"
        station DISTRICT "$STATION_DISTRICT"
        station STATE "$STATION_STATE"
        station BEATS "$STATION_BEATS"
        station LANGUAGE "$STATION_LANGUAGE"
    } >> "$file"
}

# A first deployment makes the database meanwhile; its stack writes the address into the secret when it is there.
find_database() {
    local host
    if ! wait_for "the database" database_listens; then
        echo "See what became of the stack afirgen-$DEPLOYMENT-database, and run \`afirgen deploy up $DEPLOYMENT\` again." >&2
        return 1
    fi
    host="$(database_host)"
    sed -i "s/@$NO_HOST:/@$host:/" "$ROOT/etc/afirgen/afirgen.env"
}

database_host() { secret "$DATABASE_SECRET" | field host; }

station() {
    if [ -n "$2" ]; then
        echo "AFIRGEN_STATION_$1=\"$2\""
    fi
}

field() {
    python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"
}

# --- HTTPS ----------------------------------------------------------------------------------------------------

serve_https() {
    local kind=instance trusted=255.255.255.255/32
    install -d -m 755 "$ROOT/etc/caddy" "$ROOT/etc/systemd/system/caddy.service.d"
    if [ "$HTTPS" = load-balancer ]; then
        kind=load-balancer
        trusted=10.0.0.0/8
        own_certificate
    else
        # The certificate authority asks this address, so it has to be here before the certificate can be.
        held="$(aws ec2 describe-addresses --allocation-ids "$ADDRESS" --query 'Addresses[0].InstanceId' --output text)"
        aws ec2 associate-address --allocation-id "$ADDRESS" --instance-id "$(instance_id)" --allow-reassociation
        bash "$artifact/deploy/caddy/certificates.sh" restore
    fi
    printf 'DOMAIN=%s\nCONTACT=%s\nTRUSTED=%s\n' "$DOMAIN" "$CONTACT" "$trusted" > "$ROOT/etc/caddy/afirgen.env"
    install -m 644 "$artifact/deploy/caddy/common.caddyfile" "$ROOT/etc/caddy/common.caddyfile"
    install -m 644 "$artifact/deploy/caddy/$kind.caddyfile" "$ROOT/etc/caddy/Caddyfile"
    printf '[Service]\nEnvironmentFile=/etc/caddy/afirgen.env\nRestart=on-failure\n' \
        > "$ROOT/etc/systemd/system/caddy.service.d/afirgen.conf"
    systemctl daemon-reload
    systemctl enable --quiet caddy
    systemctl restart caddy
    if [ "$kind" = instance ]; then
        wait_for "the certificate" https_answers
        keep_certificates
    fi
}

# An update that fails leaves the old instance at work, which without its address nobody reaches.
give_address_back() {
    case "$held" in
        i-*) aws ec2 associate-address --allocation-id "$ADDRESS" --instance-id "$held" --allow-reassociation || true ;;
    esac
}

own_certificate() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj "/CN=$DOMAIN" \
        -addext "subjectAltName=DNS:$DOMAIN" -keyout "$ROOT/etc/caddy/own.key" -out "$ROOT/etc/caddy/own.crt"
    chown caddy:caddy "$ROOT/etc/caddy/own.key"
    chmod 600 "$ROOT/etc/caddy/own.key"
}

keep_certificates() {
    install -d -m 755 "$ROOT/usr/local/sbin"
    install -m 755 "$artifact/deploy/caddy/certificates.sh" "$ROOT/usr/local/sbin/afirgen-certificates"
    install -m 644 "$artifact"/deploy/caddy/afirgen-certificates.{service,timer} "$ROOT/etc/systemd/system/"
    systemctl daemon-reload
    systemctl enable --quiet --now afirgen-certificates.timer
}

# --- waiting and telling --------------------------------------------------------------------------------------

database_listens() {
    local host
    host="$(database_host 2> /dev/null)" && timeout 3 bash -c "exec 3<> /dev/tcp/$host/3306" 2> /dev/null
}
program_is_ready() { curl -fsS -o /dev/null --max-time 5 http://127.0.0.1:8000/ready 2> /dev/null; }
https_answers() { curl -fsS -o /dev/null --max-time 5 --resolve "$DOMAIN:443:127.0.0.1" "https://$DOMAIN/ready" 2> /dev/null; }

wait_for() {
    local what="$1" i begun=$SECONDS
    shift
    for ((i = 0; i < LOOKS; i++)); do
        if "$@"; then
            echo "Here: $what."
            return 0
        fi
        sleep "$PAUSE_S"
    done
    echo "Gave up waiting for $what after $(((SECONDS - begun) / 60)) minutes." >&2
    return 1
}

instance_id() {
    local base=http://169.254.169.254/latest token
    token="$(curl -fsS -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' "$base/api/token")"
    curl -fsS -H "X-aws-ec2-metadata-token: $token" "$base/meta-data/instance-id"
}

report() {
    local id
    id="$(instance_id)"
    # No stack waits after a replacement by the group itself, and a stand-in has no hook: both answers are no failure.
    aws autoscaling complete-lifecycle-action --auto-scaling-group-name "$GROUP" --lifecycle-hook-name ready \
        --instance-id "$id" --lifecycle-action-result "$2" || true
    aws cloudformation signal-resource --stack-name "$STACK" --logical-resource-id Group --unique-id "$id" \
        --status "$1" || true
}

main
