# shellcheck shell=bash disable=SC2154
# The vault: cards stored, looked up, erased and charged over mutual TLS, beside PostgreSQL doing the same writes.
start_sandbox
admin=${admin/@\/postgres\?/@\/vault?}
pids=("$(sandbox pids vault)")

metric() {  # <name> [label]: the sum over all labels
    curl -fsS "$(sandbox metrics vault)" | awk -v name="$1" -v label="${2:-}" 'index($1, name "{") == 1 || $1 == name { if (label == "" || index($1, label)) sum += $2 } END { printf "%.6f\n", sum }'
}
# CPU time of vault and PostgreSQL, in seconds.
cpu_seconds() {
    local postmaster
    postmaster=$(sandbox pids postgres)
    # shellcheck disable=SC2046
    cat /proc/"${pids[0]}"/stat $(pgrep -P "$postmaster" | sed 's|.*|/proc/&/stat|') 2>/dev/null | awk -v hz="$(getconf CLK_TCK)" '{ ticks += $14 + $15 } END { print ticks / hz }'
}
empty_tables() { psql -c "TRUNCATE card, card_key, card_metadata, card_bulk_chunk" -c CHECKPOINT; }

# The yardstick writes the rows that a new card takes (card, key, audit entry), with their indexes and constraints, in
# one statement and transaction a card.
psql -c "CREATE TABLE yardstick_card (LIKE card INCLUDING ALL)" -c "CREATE TABLE yardstick_key (LIKE card_key INCLUDING ALL)" \
    -c "ALTER TABLE yardstick_key ADD FOREIGN KEY (account_id, token) REFERENCES yardstick_card" -c "CREATE TABLE yardstick_audit (LIKE audit_entry INCLUDING ALL)"
cat >"$scratch/store.sql" <<'EOF'
\set n :n + 1
WITH new AS (
  SELECT 'vt_test_00000001' || substr(md5(random()::text), 1, 24) || 'abcdef' AS token, substr(md5(random()::text), 1, 22) AS fingerprint
), entry AS (
  INSERT INTO yardstick_audit (stream, sequence, recorded_at, actor, action, object, origin, outcome, detail, previous, hash)
  SELECT concat('vault-localhost-8444-', cast(:client_id AS integer)), cast(:n AS bigint), 1790000000000, 'spiffe-//portcullis/gateway',
         'card.create', token, '127.0.0.1', 'begun', 'req_0123456789abcdefgh', decode(repeat('ab', 32), 'hex'), decode(repeat('cd', 32), 'hex')
    FROM new
), card AS (
  INSERT INTO yardstick_card (account_id, token, livemode, brand, last4, funding, country, exp_month, exp_year, fingerprint,
                              fingerprint_key_version, authentication, risk, record, record_key_version, last_used_day, created_at)
  SELECT 1, token, false, 'visa', lpad(cast(cast(random() * 9999 AS integer) AS text), 4, '0'), 'credit', 'US', 12, 2034, fingerprint, 1,
         'optional', 'normal', decode(repeat('ab', 110), 'hex'), 1, 20782, now()
    FROM new
)
INSERT INTO yardstick_key (account_id, token, id, merchant_key_id, merchant_key_version, livemode, sealed, commitment, created_at)
SELECT 1, token, decode(repeat('ab', 16), 'hex'), 'mk_0123456789abcdefghij', 1, false, decode(repeat('ab', 60), 'hex'),
       decode(repeat('ab', 16), 'hex'), now()
  FROM new;
EOF
stores() { pgbench 64 "$scratch/store.sql" -D n="$RANDOM$RANDOM$RANDOM"; }
same_rows="pgbench, the same rows, one card a transaction, 64 clients"

measured() {  # <what> <workload> <yardstick> <its name> <aim>
    local calls report
    calls=$(metric hsm_calls_total)
    report=$(load "$2" --callers 64) || fail "the benchmark of $1 failed"
    calls=$(awk -v before="$calls" -v after="$(metric hsm_calls_total)" -v requests="$(value requests <<<"$report")" 'BEGIN { printf "%.2f", (after - before) / requests }')
    row "$1 a second, 64 callers" "$(value per_second <<<"$report")" "$3" "$4" "$5"
    latency "$1 ($calls calls of the HSM each)" "$report"
}

stored=$(stores)
empty_tables
measured "new cards" cards "$stored" "$same_rows" 1
measured "the same card again" duplicates "$stored" "$same_rows" –
echo "\\set t random(0, 999)
SELECT c.*, k.* FROM yardstick_card c JOIN yardstick_key k USING (account_id, token) WHERE account_id = 1 AND token = (SELECT token FROM known WHERE n = :t);" >"$scratch/find.sql"
psql -c "CREATE TABLE known AS SELECT (row_number() OVER () - 1)::integer AS n, token FROM (SELECT token FROM yardstick_card LIMIT 1000) c" -c "CREATE UNIQUE INDEX ON known (n)" -c "ANALYZE"
found=$(pgbench 64 "$scratch/find.sql")
measured "look-ups" retrievals "$found" "pgbench, the same rows, 64 clients" –

# Lines of NDJSON in one request. What bounds it: the HSM's HMACs, and PostgreSQL taking the rows.
bulk() {  # <name> <cards>
    build/release/bin/bench/portcullis-bench-load --port $((port + 1)) --ca "$internal/ca.pem" --certificate "$internal/gateway.pem" --key "$internal/gateway.key" \
        --print-lines "$2" >"$scratch/cards.ndjson" || return 1
    curl -sS --fail-with-body --cacert "$internal/ca.pem" --cert "$internal/gateway.pem" --key "$internal/gateway.key" -H Content-Type:application/x-ndjson \
        -X POST -T "$scratch/cards.ndjson" "https://localhost:$((port + 1))/bulk/$1?account=00000001&livemode=false" >"$scratch/results.ndjson" || return 1
    [[ $(tail -1 "$scratch/results.ndjson") == "{\"done\":true,\"stored\":$2,\"refused\":0}" ]]
}
bulk_cards=$((seconds * 10000))
empty_tables
cpu=$(cpu_seconds) hsm=$(metric hsm_call_seconds_sum) began=$EPOCHREALTIME
bulk bench "$bulk_cards" || fail "the bulk was not stored: $(tail -1 "$scratch/results.ndjson")"
took=$(awk -v a="$began" -v b="$EPOCHREALTIME" 'BEGIN { print b - a }')
per_core=$(awk -v n="$bulk_cards" -v a="$cpu" -v b="$(cpu_seconds)" 'BEGIN { printf "%.0f", n / (b - a) }')
hsm_bound=$(awk -v n="$bulk_cards" -v a="$hsm" -v b="$(metric hsm_call_seconds_sum)" 'BEGIN { printf "%.0f", n / (b - a) }')
psql -c "COPY card TO STDOUT" >"$scratch/card.copy"
psql -c "COPY card_key TO STDOUT" >"$scratch/key.copy"
psql -c "TRUNCATE yardstick_card, yardstick_key" -c CHECKPOINT
began=$EPOCHREALTIME
psql -c "\\copy yardstick_card FROM '$scratch/card.copy'" -c "\\copy yardstick_key FROM '$scratch/key.copy'"
copied=$(awk -v a="$began" -v b="$EPOCHREALTIME" -v n="$bulk_cards" 'BEGIN { printf "%.0f", n / (b - a) }')
row "cards of a bulk a second" "$(awk -v n="$bulk_cards" -v t="$took" 'BEGIN { print n / t }')" "$copied" "COPY of the same rows, in one transaction" –
bound=$(awk -v a="$hsm_bound" -v b="$copied" 'BEGIN { printf "%.0f", 1 / (1 / a + 1 / b) }')
row "cards of a bulk a second and core of vault and PostgreSQL" "$per_core" "$bound" "the HSM's HMACs ($hsm_bound a second) and that COPY, alone on a core" –

((!full)) || source tests/bench/vault_full.sh

# As many calls as a vault would make that keeps no key open.
gateway/run --data "$scratch/data" --stop >/dev/null 2>&1
start_sandbox --set keys.cache_ms=0
admin=${admin/@\/postgres\?/@\/vault?}
pids=("$(sandbox pids vault)")
empty_tables
measured "new cards, no merchant key kept open," cards "$stored" "$same_rows" –
measured "authorizations" authorizations "$stored" "$same_rows" –
((!full)) || measured "erasures" deletions "$stored" "$same_rows" –

((!full)) || publish vault "Vault" "Callers, vault, PostgreSQL and acquirer on one machine, over mutual TLS; $workers I/O threads; fsync on."
