#!/usr/bin/env bash
# Makes a new instance of the service stack into a running station: first-boot.sh FOLDER
#
# Called once by the instance's first script with the unpacked artifact, after its hash has been checked. Tells
# CloudFormation how it went; a failure makes the update roll back.
set -euo pipefail

source_folder=${1:?give the folder of the unpacked artifact}
# shellcheck source=/dev/null
. /etc/afirgen.instance
export AWS_REGION AWS_DEFAULT_REGION=$AWS_REGION
readonly READY_WITHIN_S=900

say() { printf '%(%H:%M:%S)T %s\n' -1 "$*"; }

signal() {
    aws cloudformation signal-resource --stack-name "$AFIRGEN_STACK" --logical-resource-id Group \
        --unique-id "$(instance_id)" --status "$1" || true
}

instance_id() {
    local token
    token=$(curl --silent --fail --request PUT --header 'X-aws-ec2-metadata-token-ttl-seconds: 300' \
        http://169.254.169.254/latest/api/token)
    curl --silent --fail --header "X-aws-ec2-metadata-token: $token" \
        http://169.254.169.254/latest/meta-data/instance-id
}

main() {
    trap 'say "Failed in line $LINENO."; signal FAILURE' ERR
    install_packages
    mount_fast_disk
    bash "$source_folder/deploy/install.sh" "$source_folder"
    write_settings
    write_secrets
    start_log_agent
    take_address
    /opt/afirgen/current/deploy/as-service.sh models pull
    /opt/afirgen/current/deploy/as-service.sh db upgrade
    systemctl start afirgen.service
    if [[ $AFIRGEN_HTTPS == instance ]]; then start_https; else start_inner_https; fi
    wait_until_ready
    signal SUCCESS
    say "The service is ready."
}

install_packages() {
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends python3.11 python3.11-venv libgomp1 curl caddy >/dev/null ||
        apt-get install -y -qq --no-install-recommends python3 python3-venv libgomp1 curl caddy >/dev/null
}

# Models lie on the instance's own NVMe disk: it is lost with the instance, and so is nothing that counts.
mount_fast_disk() {
    local disk
    disk=$(lsblk --noheadings --paths --output NAME,MODEL | awk '/Instance Storage/ {print $1; exit}')
    install -d -m 0755 /var/cache/afirgen
    [[ -n $disk ]] || return 0
    if ! mountpoint --quiet /var/cache/afirgen; then
        blkid "$disk" >/dev/null || mkfs.ext4 -q "$disk"
        mount -o noatime "$disk" /var/cache/afirgen
    fi
}

write_settings() {
    chown -R afirgen:afirgen /var/cache/afirgen
    cat >/etc/afirgen/afirgen.env <<SETTINGS
AFIRGEN_ENVIRONMENT=production
AFIRGEN_HOST=127.0.0.1
AFIRGEN_PORT=8000
AFIRGEN_PROFILE=$AFIRGEN_PROFILE
AFIRGEN_MODEL_DIR=/var/cache/afirgen/models
AFIRGEN_MODEL_SOURCES=s3://$AFIRGEN_MODELS_BUCKET/models,registry
AFIRGEN_MYSQL_HOST=$AFIRGEN_DATABASE_ADDRESS
AFIRGEN_MYSQL_DB=afirgen
AFIRGEN_LLM_GPU_LAYERS=-1
AFIRGEN_SPEECH_DEVICE=cuda
AFIRGEN_TRUSTED_PROXIES=127.0.0.1
AFIRGEN_BACKUP_TARGET=s3://$AFIRGEN_BACKUPS_BUCKET/backups
AWS_REGION=$AWS_REGION
SETTINGS
    if [[ -f /etc/afirgen/station.env ]]; then cat /etc/afirgen/station.env >>/etc/afirgen/afirgen.env; fi
}

# Secrets never touch the disk: /run is memory, and only the service may read the file.
write_secrets() {
    local database
    install -d -m 0750 -o root -g afirgen /run/afirgen
    database=$(secret "$AFIRGEN_DATABASE_SECRET")
    install -m 0640 -o root -g afirgen /dev/stdin /run/afirgen/secrets.env <<SECRETS
AFIRGEN_MYSQL_USER=$(part username "$database")
AFIRGEN_MYSQL_PASSWORD=$(part password "$database")
AFIRGEN_API_KEY=$(secret "$AFIRGEN_API_KEY_SECRET")
AFIRGEN_FIR_AUTH_KEY=$(secret "$AFIRGEN_FIR_AUTH_SECRET")
AFIRGEN_BACKUP_KEY=$(secret "$AFIRGEN_BACKUP_KEY_SECRET")
SECRETS
}

secret() {
    aws secretsmanager get-secret-value --secret-id "$1" --query SecretString --output text
}

part() {
    python3 -c 'import json, sys; print(json.loads(sys.argv[2])[sys.argv[1]])' "$1" "$2"
}

start_log_agent() {
    command -v amazon-cloudwatch-agent-ctl >/dev/null || return 0
    sed "s/@DEPLOYMENT@/$AFIRGEN_DEPLOYMENT/g" "$source_folder/deploy/cloudwatch-agent.json" \
        >/opt/aws/amazon-cloudwatch-agent/etc/afirgen.json
    amazon-cloudwatch-agent-ctl -a fetch-config -m ec2 -s -c file:/opt/aws/amazon-cloudwatch-agent/etc/afirgen.json
}

take_address() {
    [[ $AFIRGEN_HTTPS == instance ]] || return 0
    aws ec2 associate-address --allocation-id "$AFIRGEN_ADDRESS" --instance-id "$(instance_id)" --allow-reassociation \
        >/dev/null
}

start_https() {
    sed "s/@DOMAIN@/$AFIRGEN_DOMAIN/g; s/@CONTACT@/$AFIRGEN_CONTACT/g" \
        /opt/afirgen/current/deploy/caddy/Caddyfile >/etc/caddy/Caddyfile
    systemctl enable --quiet caddy
    systemctl reload-or-restart caddy
}

# Behind a load balancer the way to it is encrypted too, under a certificate that the instance makes itself.
start_inner_https() {
    sed "s/@DOMAIN@/$AFIRGEN_DOMAIN/g" /opt/afirgen/current/deploy/caddy/Caddyfile.internal >/etc/caddy/Caddyfile
    systemctl enable --quiet caddy
    systemctl reload-or-restart caddy
}

wait_until_ready() {
    local waited=0
    until curl --silent --fail --max-time 5 http://127.0.0.1:8000/ready >/dev/null; do
        ((waited < READY_WITHIN_S)) || return 1
        sleep 5
        waited=$((waited + 5))
    done
}

main
