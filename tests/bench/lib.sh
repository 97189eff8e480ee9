# shellcheck shell=bash disable=SC2034,SC2154
# What every benchmark needs: a sandbox of its own, programs that count, and a table of ratios.

fail() {
    echo "bench: $*" >&2
    exit 1
}

scratch=$(mktemp -d /tmp/portcullis-bench.XXXXXX)
chmod 0755 "$scratch"
started=()  # processes to end
done_measuring=0
rows=() notes=()
clean_up() {
    ((done_measuring || ${#rows[@]} == 0)) || table >&2  # what there was before it failed
    ((${#started[@]} == 0)) || kill "${started[@]}" 2>/dev/null
    gateway/run --stop --data "$scratch/data" >/dev/null 2>&1
    rm -rf -- "$scratch"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

workers=$(nproc)
((workers <= 64)) || workers=64

start_sandbox() {  # [options…]
    gateway/run --data "$scratch/data" --port 0 --detach --no-build --set rate_limit.requests_per_second=0 --set "server.threads=$workers" "$@" \
        >"$scratch/run.log" 2>&1 || { cat "$scratch/run.log"; fail "the sandbox did not start"; }
    url=$(sandbox gateway_url) key=$(sandbox accounts relaxed secret_key) admin=$(sandbox admin_database_url) ca=$scratch/data/certs/ca.pem
    port=${url##*:}
    internal=$scratch/data/certs/internal
    [[ $(psql -c "SHOW fsync") == on && $(psql -c "SHOW synchronous_commit") == on ]] || fail "PostgreSQL does not write through to the disk"
}
value() {  # <key…>, from JSON on standard input
    python3 -c 'import functools, json, sys; print(functools.reduce(lambda d, k: d[k], sys.argv[1:], json.load(sys.stdin)))' "$@"
}
sandbox() { value "$@" <"$scratch/data/sandbox.json"; }
psql() { /usr/lib/postgresql/15/bin/psql -qtAX -v ON_ERROR_STOP=1 "$admin" "$@"; }

pgbench() {  # <clients> <script> [options…]: transactions a second
    /usr/lib/postgresql/15/bin/pgbench -n -M prepared -c "$1" -j 1 -T "$seconds" -f "$2" "${@:3}" "$admin" 2>"$scratch/pgbench.log" |
        sed -n 's/^tps = \([0-9.]*\).*/\1/p'
    ! grep -q 'ERROR' "$scratch/pgbench.log" || { cat "$scratch/pgbench.log" >&2; fail "pgbench failed"; }
}
load() {  # <workload> [options…]: a report in JSON
    local target=(--port $((port + 1)) --ca "$internal/ca.pem" --certificate "$internal/gateway.pem" --key "$internal/gateway.key")
    [[ $1 != payments ]] || target=(--port "$port" --ca "$ca" --api-key "$key")
    build/release/bin/bench/portcullis-bench-load "${target[@]}" --seconds "$seconds" --workload "$@"
}

row() {  # <what> <ours> <yardstick> <name of the yardstick> <aim>
    [[ -n $2 && -n $3 ]] || fail "no number for: $1"
    rows+=("$(awk -v what="$1" -v ours="$2" -v other="$3" -v which="$4" -v aim="$5" \
        'BEGIN { printf "| %s | %.0f | %.0f | %s | %.2f | %s |", what, ours, other, which, ours / other, aim }')")
}
latency() {  # <what> <report>
    notes+=("- $1: half within $(value p50_ms <<<"$2" | cut -c1-5) ms, 99 % within $(value p99_ms <<<"$2" | cut -c1-5) ms, $(value errors <<<"$2") errors")
}
table() {
    echo "| what | Portcullis | yardstick | which | ratio | aim |"
    echo "|---|---:|---:|---|---:|---:|"
    printf '%s\n' "${rows[@]}"
    echo
    printf '%s\n' "${notes[@]}"
}

# Puts the table into docs/benchmarks.md, in place of what the same benchmark wrote there before.
publish() {  # <name> <title> <words>
    {
        echo "## $2"
        echo
        echo "$3"
        echo
        echo "$(date -u +%Y-%m-%d), $(nproc) cores of $(sed -n 's/^model name\s*: //p' /proc/cpuinfo | head -1), $(free -g | awk '/^Mem/ { print $2 }') GiB, $(sed -n 's/^PRETTY_NAME="\(.*\)"/\1/p' /etc/os-release); $seconds seconds each"
        echo
        table
    } >"$scratch/section.md"
    python3 - docs/benchmarks.md "$1" "$scratch/section.md" <<'PYTHON'
import re, sys
page, name, section = sys.argv[1:]
text, part = open(page).read(), open(section).read()
begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
at = text.index(begin) + len(begin)
open(page, "w").write(text[:at] + part + text[text.index(end):])
PYTHON
}
