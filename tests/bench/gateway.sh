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


# A payment is many rows in two databases; the yardstick is one row a transaction, so that the ratio says how far away
# the best that this disk can do is.
psql -c "CREATE TABLE yardstick (id text PRIMARY KEY, sealed bytea NOT NULL, key bytea NOT NULL, lookup text NOT NULL)" -c "CREATE INDEX ON yardstick (lookup)" >/dev/null
echo "INSERT INTO yardstick SELECT md5(random()::text) || md5(random()::text), decode(repeat('ab', 110), 'hex'), decode(repeat('cd', 76), 'hex'), md5(random()::text);" >"$scratch/insert.sql"
payments=$(load payments --callers 16) || fail "the payment benchmark failed"
row "payments a second, created and confirmed in one call, 16 callers" "$(value per_second <<<"$payments")" "$(pgbench 16 "$scratch/insert.sql")" "pgbench, single-row inserts, 16 clients" –
latency "payments" "$payments"

((!full)) || publish gateway "Gateway" "Callers and servers on one machine. Both sides of TLS: $tls, $workers workers."
