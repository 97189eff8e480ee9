# shellcheck shell=bash disable=SC2154,SC2034
# Starting, watching and stopping the three services.

services=(acquirer vault gateway)  # in the order in which they start

# The process id of a service if it runs: the file may be stale, so the program behind the id is looked at.
service_pid() {
    local pid
    [[ -f $data/run/$1.pid ]] && pid=$(<"$data/run/$1.pid") && [[ -n $pid ]] &&
        tr "\0" " " 2>/dev/null <"/proc/$pid/cmdline" | grep -qF -- "portcullis-$1 serve --config $data/config/$1.toml" && echo "$pid"
}

# What a program file is at the moment: a new build gives it another inode or time.
program_stamp() { stat -c '%i %Y' "$bin/portcullis-$1"; }

start_service() {  # <name>
    local -n own_settings="settings_$1"
    program_stamp "$1" >"$data/run/$1.program"
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

ports_of() {  # <name>
    case $1 in
        gateway) echo "$gateway_port" "$gateway_metrics_port" ;;
        vault) echo "$vault_port" "$vault_metrics_port" ;;
        acquirer) echo "$acquirer_port" "$acquirer_metrics_port" "$acquirer_control_port" ;;
    esac
}

port_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Before anything is started: so a port that another program has taken leaves nothing half done.
check_ports() {
    local name candidate
    for name in "${services[@]}"; do
        [[ -z $(service_pid "$name") ]] || continue
        for candidate in $(ports_of "$name"); do
            ! port_taken "$candidate" || fail "Port $candidate, which portcullis-$name needs, is taken by another program (as root, \`ss -ltnp sport = :$candidate\` names it).
End that program, choose seven other ports in a row with --port N, or let --port 0 find free ones."
        done
    done
}

# What runs already stays, unless its program was built anew since.
start_services() {
    local name started=0
    for name in "${services[@]}"; do
        if [[ -n $(service_pid "$name") ]]; then
            if [[ ! -f $data/run/$name.program || $(<"$data/run/$name.program") == "$(program_stamp "$name")" ]]; then
                tell_ignored_settings "$name"
                continue
            fi
            say "portcullis-$name was built anew; restarting it."
            stop_service "$name"
        fi
        ((started++)) || say "Starting the acquirer simulator, the vault and the gateway…"
        start_service "$name"
        [[ $name != acquirer ]] || wait_ready acquirer
    done
    wait_ready vault
    wait_ready gateway
}

tell_ignored_settings() {  # <name>
    local -n wanted="settings_$1"
    local setting
    for setting in "${wanted[@]}"; do
        [[ $setting != --set ]] || continue
        tr "\0" "\n" 2>/dev/null <"/proc/$(service_pid "$1")/cmdline" | grep -qxF -- "$setting" ||
            say "portcullis-$1 runs already, without $setting. To change that, stop it first: gateway/run --stop"
    done
}

# Waits a second longer than the longest drain of a service, which is 25 seconds by default.
stop_service() {  # <name>
    local pid try
    if pid=$(service_pid "$1"); then
        kill -TERM "$pid" 2>/dev/null
        for ((try = 0; try < 520; try++)); do
            [[ -n $(service_pid "$1") ]] || break
            sleep 0.05
        done
        pid=$(service_pid "$1") && kill -KILL "$pid" 2>/dev/null
    fi
    rm -f "$data/run/$1.pid"
}

stop_services() {
    local name
    for name in gateway vault acquirer; do stop_service $name; done
}

stop_everything() {
    stop_services
    stop_postgres
    remove_socket_directory
}

write_sandbox_json() {
    write_file "$data/sandbox.json" <<EOF
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
}

report_end() {  # <name for the reader> <log>
    local command=$0 option
    for option in --detach "${restart_options[@]}"; do command+=" $(printf %q "$option")"; done
    say "$1 has ended. The end of its log $2 is below. Start it again with: $command"
    tail -3 "$2" >&2
}

# Reports a child that dies; it is not restarted, so that nobody misses what happened.
watch_services() {
    local name
    local -A dead=()
    while sleep 1; do
        flock -n "$data/run/lock" true 2>/dev/null || [[ ! -d $data/run ]] || continue  # another command is at work
        if [[ ! -d $data/run || -z $(find "$data/run" -maxdepth 1 -name '*.pid' -print -quit) ]]; then
            say "Another command stopped everything; ending."
            return
        fi
        for name in "${services[@]}"; do
            if [[ -n $(service_pid "$name") ]]; then
                unset "dead[$name]"
            elif [[ -z ${dead[$name]-} ]]; then
                dead[$name]=1
                report_end "portcullis-$name" "$data/logs/$name.log"
            fi
        done
        if [[ -n $(postgres_pid) ]]; then
            unset "dead[postgres]"
        elif [[ -z ${dead[postgres]-} ]]; then
            dead[postgres]=1
            report_end PostgreSQL "$data/logs/postgres.log"
        fi
    done
}
