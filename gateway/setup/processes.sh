# shellcheck shell=bash disable=SC2154,SC2034
# Starting, watching and stopping the three services.

services=(vault acquirer gateway)

# The process id of a service if it runs: the file may be stale, so the program behind the id is looked at.
service_pid() {
    local pid
    [[ -f $data/run/$1.pid ]] && pid=$(<"$data/run/$1.pid") && [[ -n $pid ]] &&
        tr "\0" " " 2>/dev/null <"/proc/$pid/cmdline" | grep -qF -- "portcullis-$1 serve --config $data/config/$1.toml" && echo "$pid"
}

start_service() {  # <name>
    local -n own_settings="settings_$1"
    # A session of its own keeps Ctrl-C from reaching it before this script stops it in order.
    setsid "$bin/portcullis-$1" serve --config "$data/config/$1.toml" "${own_settings[@]}" >>"$data/logs/$1.log" 2>&1 </dev/null {lock}>&- &
    echo $! >"$data/run/$1.pid"
}

ready() {  # <name>
    case $1 in
        gateway) curl -fsS --max-time 2 --cacert "$data/certs/ca.pem" "https://localhost:$gateway_port/readyz" ;;
        vault) curl -fsS --max-time 2 --cacert "$data/certs/internal/ca.pem" --cert "$data/certs/internal/gateway.pem" \
            --key "$data/certs/internal/gateway.key" "https://localhost:$vault_port/healthz" ;;
        acquirer) curl -fsS --max-time 2 "http://127.0.0.1:$acquirer_control_port/totals" ;;
    esac >/dev/null 2>&1
}

wait_ready() {  # <name>
    local try
    for ((try = 0; try < 300; try++)); do
        ready "$1" && return
        [[ -n $(service_pid "$1") ]] || { tail -5 "$data/logs/$1.log" >&2; fail "portcullis-$1 ended as it started; the end of $data/logs/$1.log is above."; }
        sleep 0.1
    done
    tail -5 "$data/logs/$1.log" >&2
    fail "portcullis-$1 is not ready after 30 seconds; the end of $data/logs/$1.log is above."
}

start_services() {
    local name started=0
    for name in acquirer vault gateway; do
        [[ -n $(service_pid $name) ]] && continue
        ((started++)) || say "Starting the acquirer simulator, the vault and the gateway…"
        start_service $name
        [[ $name == acquirer ]] && wait_ready acquirer
    done
    wait_ready vault
    wait_ready gateway
}

stop_services() {
    local name pid try
    for name in gateway vault acquirer; do
        pid=$(service_pid $name) || continue
        kill -TERM "$pid" 2>/dev/null
        for ((try = 0; try < 400; try++)); do
            [[ -n $(service_pid $name) ]] || break
            sleep 0.05
        done
        pid=$(service_pid $name) && kill -KILL "$pid" 2>/dev/null
        rm -f "$data/run/$name.pid"
    done
    return 0
}

write_sandbox_json() {
    local temporary=$data/sandbox.json.new
    (umask 077 && cat >"$temporary") <<EOF
{
  "gateway_url": "https://localhost:$gateway_port",
  "ca_file": "$data/certs/ca.pem",
  "metrics": {
    "gateway": "http://127.0.0.1:$gateway_metrics_port/metrics",
    "vault": "http://127.0.0.1:$vault_metrics_port/metrics",
    "acquirer": "http://127.0.0.1:$acquirer_metrics_port/metrics"
  },
  "vault_url": "https://localhost:$vault_port",
  "accounts": {
    "strict": $(<"$data/secrets/account_strict.json"),
    "relaxed": $(<"$data/secrets/account_relaxed.json")
  },
  "database_url": "$(database_url gateway gateway)",
  "vault_database_url": "$(database_url vault vault)",
  "admin_database_url": "postgresql://postgres@/postgres?host=$socket&port=5432",
  "pids": {"gateway": $(service_pid gateway), "vault": $(service_pid vault), "acquirer": $(service_pid acquirer), "postgres": $(postgres_pid)}
}
EOF
    mv "$temporary" "$data/sandbox.json"
}

# Reports a child that dies; it is not restarted, so that nobody misses what happened.
watch_services() {
    local name reported=""
    while sleep 1; do
        for name in "${services[@]}"; do
            [[ $reported == *" $name "* || -n $(service_pid $name) ]] && continue
            reported+=" $name "
            echo "portcullis-$name has ended. Its log: $data/logs/$name.log. Start it again with: $0 --detach ${restart_options[*]}" >&2
            tail -3 "$data/logs/$name.log" >&2
        done
        if [[ $reported != *" postgres "* && -z $(postgres_pid) ]]; then
            reported+=" postgres "
            echo "PostgreSQL has ended. Its log: $data/logs/postgres.log. Start it again with: $0 --detach ${restart_options[*]}" >&2
        fi
    done
}
