# shellcheck shell=bash disable=SC2154,SC2034
# Secrets, certificates, the HSM's token and the configuration files of the data directory. Each step leaves what exists.

random_secret() { openssl rand -hex 24; }

# Whole or not at all, and for the owner's eyes only.
write_file() {  # <file>, content on standard input
    (umask 077 && cat >"$1.new" && mv "$1.new" "$1") || fail "Cannot write $1. Is the disk full?"
}

secret_file() {  # <file>
    local secret
    [[ ! -s $1 ]] || return 0
    secret=$(random_secret) || fail "openssl gave no random bytes."
    write_file "$1" <<<"$secret"
}

provision_certificates() {
    local certs=$data/certs internal=$data/certs/internal role
    mkdir -p "$internal"
    {
        "$bin/portcullis-certs" init-ca --dir "$certs" --name "Portcullis development CA"
        "$bin/portcullis-certs" init-ca --dir "$internal" --name "Portcullis internal CA"
        "$bin/portcullis-certs" issue --ca-dir "$certs" --dir "$certs" --name gateway --dns localhost --ip 127.0.0.1 --ip ::1 --server --days 397
        for role in gateway vault acquirer; do
            "$bin/portcullis-certs" issue --ca-dir "$internal" --dir "$internal" --name $role --dns localhost --ip 127.0.0.1 \
                --uri "spiffe://portcullis/$role" --server --client
        done
        "$bin/portcullis-certs" renew --ca-dir "$certs" --dir "$certs" --within 30
        "$bin/portcullis-certs" renew --ca-dir "$internal" --dir "$internal" --within 10
    } >>"$data/logs/certs.log" 2>&1 || { tail -3 "$data/logs/certs.log" >&2; fail "Certificates could not be made; see $data/logs/certs.log"; }
}

provision_hsm() {
    export SOFTHSM2_CONF=$data/softhsm/softhsm2.conf
    mkdir -p "$data/softhsm/tokens" && chmod 0700 "$data/softhsm" || fail "Cannot make $data/softhsm."
    [[ -s $SOFTHSM2_CONF ]] || write_file "$SOFTHSM2_CONF" <<EOF
directories.tokendir = $data/softhsm/tokens
objectstore.backend = file
log.level = ERROR
slots.removable = false
EOF
    secret_file "$data/secrets/hsm_pin"
    secret_file "$data/secrets/hsm_so_pin"
    local options=(--module "$softhsm" --token-label portcullis --pin-file "$data/secrets/hsm_pin")
    {
        "$bin/portcullis-hsm" init "${options[@]}" --so-pin-file "$data/secrets/hsm_so_pin" &&
            "$bin/portcullis-hsm" keys "${options[@]}"
    } >>"$data/logs/hsm.log" 2>&1 || { tail -3 "$data/logs/hsm.log" >&2; fail "The HSM token could not be prepared; see $data/logs/hsm.log"; }
}

write_configuration() {
    local internal=$data/certs/internal
    secret_file "$data/secrets/api_key_pepper"
    mkdir -p "$data/audit" && chmod 0700 "$data/audit" || fail "Cannot make $data/audit."
    write_file "$data/config/acquirer.toml" <<EOF
[server]
address = "127.0.0.1"
port = $acquirer_port
certificate = "$internal/acquirer.pem"
key = "$internal/acquirer.key"
ca = "$internal/ca.pem"
[metrics]
port = $acquirer_metrics_port
[control]
port = $acquirer_control_port
[simulator]
cards_file = "$top/gateway/simulator/cards.json"
journal_file = "$data/acquirer/journal"
EOF
    write_file "$data/config/vault.toml" <<EOF
[server]
address = "127.0.0.1"
port = $vault_port
certificate = "$internal/vault.pem"
key = "$internal/vault.key"
ca = "$internal/ca.pem"
[metrics]
port = $vault_metrics_port
[database]
url = "$(database_url vault vault)"
owner_url = "$(database_url vault_owner vault)"
[hsm]
module = "$softhsm"
token_label = "portcullis"
pin_file = "$data/secrets/hsm_pin"
profile = "$top/hsm/profiles/softhsm2.toml"
[custodians]
anchor_file = "$data/audit/custodians.anchor"
[audit]
stream = "vault"
operator_stream = "operator"
checkpoint_directory = "$data/audit"
[acquirer]
host = "localhost"
port = $acquirer_port
identity = "spiffe://portcullis/acquirer"
ca = "$internal/ca.pem"
certificate = "$internal/vault.pem"
key = "$internal/vault.key"
acquirer_id = "400123"
forwarder_id = "900001"
[sandbox]
enabled = true
cards_file = "$top/vault/cards/sandbox_cards.json"
EOF
    write_file "$data/config/gateway.toml" <<EOF
[server]
address = "127.0.0.1"
port = $gateway_port
public_url = "https://localhost:$gateway_port"
certificate = "$data/certs/gateway.pem"
key = "$data/certs/gateway.key"
[metrics]
port = $gateway_metrics_port
[database]
url = "$(database_url gateway gateway)"
owner_url = "$(database_url gateway_owner gateway)"
[vault]
host = "localhost"
port = $vault_port
identity = "spiffe://portcullis/vault"
ca = "$internal/ca.pem"
certificate = "$internal/gateway.pem"
key = "$internal/gateway.key"
[keys]
pepper_file = "$data/secrets/api_key_pepper"
[webhooks]
allow_private_addresses = true
allow_plain_http = true
ports = ["*"]
[payouts]
bank = "sandbox"
instant_minutes = 0
EOF
}

# `--set section.key=value` goes to each program that knows the key; one that knows it must like the value.
distribute_settings() {
    local setting program known problem
    for program in "${services[@]}"; do declare -ga "settings_$program=()"; done
    for setting in "${settings[@]}"; do
        known=0
        for program in "${services[@]}"; do
            if problem=$("$bin/portcullis-$program" check --config "$data/config/$program.toml" --set "$setting" 2>&1 >/dev/null); then
                local -n list="settings_$program"
                list+=(--set "$setting")
                known=1
            elif [[ $problem != *"there is no such key"* ]]; then
                fail "--set $setting: $problem"
            fi
        done
        ((known)) || fail "--set $setting: no program knows this key. docs/configuration.md lists them."
    done
}

migrate_databases() {
    local program
    for program in vault gateway; do
        "$bin/portcullis-$program" migrate --config "$data/config/$program.toml" >>"$data/logs/migrate.log" 2>&1 ||
            { tail -3 "$data/logs/migrate.log" >&2; fail "The schema of database $program could not be brought up to date; see $data/logs/migrate.log"; }
    done
}

# Two sandbox merchants: one under the default policy, one whose shoppers the merchant authenticates by himself.
provision_accounts() {
    local name mode account
    for name in strict relaxed; do
        [[ -s $data/secrets/account_$name.json ]] && continue
        mode=always
        [[ $name == strict ]] || mode=delegated
        account=$("$bin/portcullis-gateway" provision --config "$data/config/gateway.toml" --name "Sandbox $name" --mode $mode \
            2>>"$data/logs/provision.log") || { tail -3 "$data/logs/provision.log" >&2; fail "The sandbox merchants could not be made; see $data/logs/provision.log"; }
        write_file "$data/secrets/account_$name.json" <<<"$account"
    done
    for name in strict relaxed; do provision_bank_account "$name"; done
}

# Where the sandbox bank pays what it is told to; docs/operations.md has the numbers that it does not pay to.
provision_bank_account() {  # <account>
    local id made
    [[ -s $data/secrets/bank_account_$1.json ]] && return
    id=$(sed -n 's/.*"id" *: *"\([^"]*\)".*/\1/p' "$data/secrets/account_$1.json")
    made=$("$bin/portcullis-gateway" account bank-account --config "$data/config/gateway.toml" --account "$id" --country US --currency eur \
        --holder "Sandbox $1" --bank "Sandbox Bank" --routing-number 110000000 2>>"$data/logs/provision.log" <<<000123456789) ||
        { tail -3 "$data/logs/provision.log" >&2; fail "The sandbox merchants' bank accounts could not be set; see $data/logs/provision.log"; }
    write_file "$data/secrets/bank_account_$1.json" <<<"$made"
}
