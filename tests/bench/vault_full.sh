# shellcheck shell=bash disable=SC2154
# A million cards: what they cost in memory and in speed, and whether their key can be replaced while others are stored.
SOFTHSM2_CONF=$scratch/data/softhsm/softhsm2.conf
export SOFTHSM2_CONF
memory() { awk -v what="$1" '$1 == what ":" { print $2 }' "/proc/${pids[0]}/status"; }  # KiB
rate() { value per_second <<<"$1"; }
microseconds() { awk -v ms="$(value p99_ms <<<"$1")" 'BEGIN { print ms * 1000 }'; }

million=1000000 opened=$(metric vault_cards_opened_total)
empty_tables
empty=$(load cards --callers 64) || fail "the benchmark of new cards failed"
before=$(memory VmRSS)
bulk million "$million" || fail "the million was not stored: $(tail -1 "$scratch/results.ndjson")"
notes+=("- a bulk of $million cards: the vault's resident memory $((before / 1024)) MiB before, $(($(memory VmRSS) / 1024)) MiB after, $(($(memory VmHWM) / 1024)) MiB at the most")
rm -f "$scratch/cards.ndjson" "$scratch/results.ndjson"
psql -c "VACUUM (ANALYZE)"  # what PostgreSQL would do by itself, minutes after such a load
filled=$(load cards --callers 64) || fail "the benchmark of new cards failed"
row "new cards a second, $million in the vault" "$(rate "$filled")" "$(rate "$empty")" "the same with an empty vault" 0.83

# As the clock says and not as fast as they can: a call that had to wait counts from when it was due.
seconds_kept=$seconds seconds=20
calm=$(load cards --callers 64 --rate 500) || fail "the calm before the rotation failed"
vault_keys() { build/release/bin/portcullis-vault keys "$@" --config "$scratch/data/config/vault.toml"; }
account=$(vault_keys list | grep -o 'acct_00000001[0-9A-Za-z]*' | head -1)
began=$SECONDS
vault_keys rotate "$account" --per-second 4000 >"$scratch/rotate.log" 2>&1 &
rotation=$!
seconds=60
busy=$(load cards --callers 64 --rate 500) || fail "the load beside the rotation failed"
wait "$rotation" || { tail -3 "$scratch/rotate.log" >&2; fail "the merchant key was not replaced"; }
took=$((SECONDS - began)) seconds=$seconds_kept
left=$(psql -c "SELECT count(*) FROM card_key k JOIN merchant_key m USING (account_id, livemode) WHERE m.state = 'active' AND k.merchant_key_version <> m.version")
[[ $left == 0 ]] || fail "$left card keys are still under the old merchant key"
[[ $(metric vault_cards_opened_total) == "$opened" ]] || fail "a card was opened by the rotation"
row "p99 in µs of 500 new cards a second, while the key of $million cards is replaced" "$(microseconds "$busy")" "$(microseconds "$calm")" "the same before" "< 2"
notes+=("- the key of $million cards was replaced within $took s, no card opened; $(value errors <<<"$busy") of $(value requests <<<"$busy") requests beside it failed")
