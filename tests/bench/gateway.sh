# shellcheck shell=bash disable=SC2154
# The gateway: requests, handshakes and payments, beside nginx and pgbench.
start_sandbox

# A yardstick that serves a constant of the same size, under the same certificate, with as many workers.
intent=$(curl -fsS --cacert "$ca" "$url/v1/payment_intents" -u "$key:" -d amount=1299 -d currency=eur | value id) || fail "no payment intent could be made"
mkdir -p "$scratch/www" "$scratch/nginx"
curl -fsS --cacert "$ca" "$url/healthz" >"$scratch/www/health"
curl -fsS --cacert "$ca" -u "$key:" "$url/v1/payment_intents/$intent" >"$scratch/www/intent"
curl -fsS --cacert "$ca" -u "$key:" "$url/v1/account" >"$scratch/www/account"
nginx_port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >"$scratch/nginx.conf" <<EOF
worker_processes $workers;
pid $scratch/nginx/pid;
error_log $scratch/nginx/error.log;
daemon off;
user root;
events { worker_connections 1024; }
http {
    access_log off;
    client_body_temp_path $scratch/nginx/body;
    proxy_temp_path $scratch/nginx/proxy;
    fastcgi_temp_path $scratch/nginx/fastcgi;
    uwsgi_temp_path $scratch/nginx/uwsgi;
    scgi_temp_path $scratch/nginx/scgi;
    server {
        listen 127.0.0.1:$nginx_port ssl;
        ssl_certificate $scratch/data/certs/gateway.pem;
        ssl_certificate_key $scratch/data/certs/gateway.key;
        ssl_protocols TLSv1.2 TLSv1.3;
        keepalive_requests 1000000;
        root $scratch/www;
        default_type application/json;
    }
}
EOF
((EUID == 0)) || sed -i '/^user/d' "$scratch/nginx.conf"
nginx -c "$scratch/nginx.conf" -p "$scratch/nginx" >"$scratch/nginx/out" 2>&1 &
started+=($!)
for _ in {1..50}; do curl -fsS --cacert "$ca" "https://localhost:$nginx_port/health" >/dev/null 2>&1 && break; sleep 0.1; done

# The same protocol, cipher, key exchange and signature on both sides, or the comparison says nothing.
tls_of() {  # <port>
    openssl s_client -connect "127.0.0.1:$1" -servername localhost -CAfile "$ca" </dev/null 2>/dev/null |
        sed -n 's/^New, \(.*\)$/\1/p;s/^Peer signature type: //p;s/^Peer signing digest: //p;s/^Server Temp Key: //p' | paste -sd ' '
}
tls=$(tls_of "$port")
[[ -n $tls && $tls == "$(tls_of "$nginx_port")" ]] || fail "TLS differs: Portcullis has ${tls:-nothing}, nginx $(tls_of "$nginx_port")"

requests() {  # <url> [header]
    local report
    report=$(wrk -t1 -c32 -d"${seconds}s" ${2:+-H "$2"} "$1") || fail "wrk failed: $report"
    ! grep -E 'Non-2xx|Socket errors' <<<"$report" >&2 || fail "not every request to $1 was answered with 200"
    sed -n 's/^Requests\/sec: *//p' <<<"$report"
}
handshakes() {  # <port>
    openssl s_time -connect "127.0.0.1:$1" -new -time "$seconds" -CAfile "$ca" 2>/dev/null | awk '/real seconds/ { printf "%.0f\n", $1 / $4 }'
}

pair() {  # <what> <yardstick's name> <aim> <measure> <our arguments> -- <its arguments>
    local what=$1 which=$2 aim=$3 measure=$4 ours=() theirs other
    shift 4
    while [[ $1 != -- ]]; do ours+=("$1"); shift; done
    shift
    other=$("$measure" "$@") && theirs=$("$measure" "${ours[@]}") || exit 1
    row "$what" "$theirs" "$other" "$which" "$aim"
}
pair "TLS requests a second, /healthz, 32 connections" "nginx, constant of the same size" 0.5 requests "$url/healthz" -- "https://localhost:$nginx_port/health"
pair "TLS requests a second, authenticated GET of the account, 32 connections" "nginx, constant of the same size" 0.5 \
    requests "$url/v1/account" "Authorization: Bearer $key" -- "https://localhost:$nginx_port/account"
pair "TLS requests a second, authenticated GET of a payment intent, 32 connections" "nginx, constant of the same size" – \
    requests "$url/v1/payment_intents/$intent" "Authorization: Bearer $key" -- "https://localhost:$nginx_port/intent"
pair "full TLS handshakes a second, one caller" "nginx" 0.8 handshakes "$port" -- "$nginx_port"


# The yardstick writes what a payment writes, in one transaction, with one commit where a payment has several.
counters_settle() { sleep 10.5; }  # a connection that has nothing to do reports what it did after 10 s
counters_settle
python3 tests/bench/same_writes.py count "$admin" >"$scratch/before.json" || fail "rows could not be counted"
counted=$(load payments --callers 4) || fail "the payment benchmark failed"
counters_settle
python3 tests/bench/same_writes.py count "$admin" >"$scratch/after.json"
made=$(value requests <<<"$counted")
writes=$(python3 tests/bench/same_writes.py script "$admin" "$scratch/before.json" "$scratch/after.json" "$made" 2>&1 >"$scratch/payment.sql") || fail "$writes"
notes+=("- a payment writes, as rows inserted+updated: $writes")
commits=$(python3 - "$scratch/before.json" "$scratch/after.json" "$made" <<'PYTHON'
import json, sys
before, after = (json.load(open(name)) for name in sys.argv[1:3])
print(", ".join(f"{name} {(after[name][0] - before[name][0]) / int(sys.argv[3]):.1f}" for name in ("gateway", "vault")))
PYTHON
)
notes+=("- transactions a payment, those of the housekeeping included: $commits")
for callers in 1 16 64; do
    payments=$(load payments --callers "$callers") || fail "the payment benchmark failed"
    theirs=$(admin=${admin/@\/postgres/@\/yardstick} pgbench "$callers" "$scratch/payment.sql") || exit 1
    row "payments a second, created and confirmed in one call, callers: $callers" "$(value per_second <<<"$payments")" "$theirs" "pgbench, the same writes in one transaction, as many clients" 0.25
    latency "payments, callers: $callers" "$payments"
done

((!full)) || publish gateway "Gateway" "Callers and servers on one machine. Both sides of TLS: $tls, $workers workers."
