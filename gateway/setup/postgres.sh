# shellcheck shell=bash disable=SC2154,SC2034
# A private PostgreSQL cluster in the data directory: Unix socket only, fsync on. As root it runs as user postgres.

postgres_bin=/usr/lib/postgresql/15/bin

as_postgres() {
    if ((EUID == 0)); then runuser -u postgres -- "$@"; else "$@"; fi
}

# The socket lies in a short directory of its own, since the path of a Unix socket has at most 107 bytes.
socket_directory() {
    local file=$data/run/socket_directory directory owner
    owner=$(id -un)
    ((EUID != 0)) || owner=postgres
    directory=$(cat "$file" 2>/dev/null)
    # In /tmp anybody may have made a directory of that name after a reboot.
    if [[ -n $directory && -d $directory && ! -L $directory && $(stat -c %U "$directory") == "$owner" ]]; then
        echo "$directory"
        return
    fi
    directory=$(mktemp -d /tmp/portcullis.XXXXXX) && chmod 0755 "$directory" || return 1
    ((EUID != 0)) || chown postgres "$directory" || return 1
    echo "$directory" >"$file" && echo "$directory"
}

remove_socket_directory() {
    local directory
    directory=$(cat "$data/run/socket_directory" 2>/dev/null)
    [[ $directory != /tmp/portcullis.* ]] || rm -rf -- "$directory"
    rm -f -- "$data/run/socket_directory"
}

# Made beside its place and then moved there, so that an interrupted initdb leaves nothing that looks like a cluster.
init_cluster() {
    [[ -f $data/postgres/PG_VERSION ]] && return
    say "Creating the PostgreSQL cluster…"
    rm -rf -- "$data/postgres" "$data/postgres.new"
    mkdir "$data/postgres.new" && chmod 0700 "$data/postgres.new" || fail "Cannot make $data/postgres.new."
    ((EUID != 0)) || chown postgres "$data/postgres.new"
    as_postgres "$postgres_bin/initdb" -D "$data/postgres.new" -U postgres --auth=reject --encoding=UTF8 --locale=C.UTF-8 --lc-collate=C \
        --data-checksums >"$data/logs/initdb.log" 2>&1 &&
        as_postgres tee -a "$data/postgres.new/postgresql.conf" <<<"include 'conf.auto.conf'" >/dev/null &&
        mv "$data/postgres.new" "$data/postgres" || { tail -5 "$data/logs/initdb.log" >&2; fail "initdb failed; the end of $data/logs/initdb.log is above."; }
}

configure_cluster() {
    # A quarter of the memory, as PostgreSQL's manual advises, but no more than a sandbox needs. Tokens are random, so
    # each new card touches pages all over its indexes: rare checkpoints and quick compression keep the log small.
    local shared_mb
    shared_mb=$(awk '/^MemTotal/ { mb = int($2 / 4096); print (mb > 1024 ? 1024 : mb < 64 ? 64 : mb) }' /proc/meminfo)
    write_cluster_file conf.auto.conf <<EOF
listen_addresses = ''
unix_socket_directories = '$socket'
port = 5432
max_connections = 100
fsync = on
synchronous_commit = on
full_page_writes = on
password_encryption = 'scram-sha-256'
shared_buffers = '${shared_mb}MB'
max_wal_size = '4GB'
checkpoint_timeout = '15min'
wal_compression = lz4
timezone = 'UTC'
log_min_messages = warning
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
log_min_error_statement = panic
idle_in_transaction_session_timeout = '30s'
EOF
    # The operating system's root and the caller may act as the cluster's superuser; the services use passwords.
    write_cluster_file pg_hba.conf <<EOF
local all postgres peer map=operators
local all all scram-sha-256
EOF
    write_cluster_file pg_ident.conf <<EOF
operators root postgres
operators postgres postgres
operators $(id -un) postgres
EOF
}

write_cluster_file() {  # <name>, content on standard input
    as_postgres tee "$data/postgres/$1" >/dev/null || fail "Cannot write $data/postgres/$1. Is the disk full?"
}

# The postmaster works in its data directory; a stale file may name a process of another cluster.
postgres_pid() {
    local pid
    [[ -f $data/postgres/postmaster.pid ]] && pid=$(head -1 "$data/postgres/postmaster.pid") && [[ -n $pid ]] &&
        [[ $(readlink "/proc/$pid/cwd" 2>/dev/null) == "$data/postgres" ]] && echo "$pid"
}

postgres_answers() {
    "$postgres_bin/psql" -qtAX -h "$socket" -U postgres -d postgres -c 'SELECT 1' >/dev/null 2>&1
}

start_postgres() {
    postgres_answers && return
    [[ -z $(postgres_pid) ]] || stop_postgres
    say "Starting PostgreSQL…"
    touch "$data/logs/postgres.log"
    ((EUID != 0)) || chown postgres "$data/logs/postgres.log"
    local try
    for ((try = 0; try < 10; try++)); do  # a killed postmaster leaves shared memory that takes a second or two to go
        as_postgres "$postgres_bin/pg_ctl" -D "$data/postgres" -w -t 60 -l "$data/logs/postgres.log" start >/dev/null 2>&1 {lock}>&-
        postgres_answers && return
        sleep 1
    done
    tail -5 "$data/logs/postgres.log" >&2
    fail "PostgreSQL did not start; the end of $data/logs/postgres.log is above."
}

stop_postgres() {
    [[ -n $(postgres_pid) ]] || return 0
    as_postgres "$postgres_bin/pg_ctl" -D "$data/postgres" -m fast -w -t 60 stop >/dev/null 2>&1 ||
        say "PostgreSQL did not stop within a minute; see $data/logs/postgres.log"
}

admin_sql() {  # <statement> [database]
    "$postgres_bin/psql" -qtAX -v ON_ERROR_STOP=1 -h "$socket" -U postgres -d "${2:-postgres}" -c "$1" ||
        fail "PostgreSQL refused: $1"
}

exists() {  # <catalogue> <column> <name>: fails the run, rather than answering, when PostgreSQL does not say
    local count
    count=$(admin_sql "SELECT count(*) FROM $1 WHERE $2 = '$3'") || exit 1
    ((count))
}

# Two databases, and for each an owner of the schema and a role of the service that owns nothing.
create_databases() {
    local name role
    for name in gateway vault; do
        for role in "$name" "${name}_owner"; do create_role "$role"; done
        exists pg_database datname "$name" || admin_sql "CREATE DATABASE $name OWNER ${name}_owner"
        admin_sql "REVOKE CONNECT, TEMPORARY ON DATABASE $name FROM PUBLIC; GRANT CONNECT ON DATABASE $name TO $name, ${name}_owner"
        admin_sql "REVOKE CREATE ON SCHEMA public FROM PUBLIC; ALTER SCHEMA public OWNER TO ${name}_owner" "$name"
        admin_sql "ALTER ROLE $name SET lock_timeout = '2s'; ALTER ROLE $name SET statement_timeout = '10s'"
    done
}

# The password file is written last: as long as it is missing, an interrupted run is made good by the next.
create_role() {  # <role>
    local known=0 password
    ! exists pg_roles rolname "$1" || known=1
    [[ ! -s $data/secrets/$1.pgpass ]] || ((!known)) || return 0
    password=$(random_secret) || fail "openssl gave no random bytes."
    ((known)) || admin_sql "CREATE ROLE $1 LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS"
    # On standard input: a password on a command line can be read by others.
    "$postgres_bin/psql" -qX -v ON_ERROR_STOP=1 -h "$socket" -U postgres -d postgres <<<"ALTER ROLE $1 PASSWORD '$password'" ||
        fail "PostgreSQL did not take the password of the role $1."
    write_file "$data/secrets/$1.pgpass" <<<"*:*:*:$1:$password"
}

url_encoded() {  # <path>
    local LC_ALL=C text=$1 out="" character i
    for ((i = 0; i < ${#text}; i++)); do
        character=${text:i:1}
        [[ $character == [A-Za-z0-9/._~-] ]] || printf -v character '%%%02X' "'$character"
        out+=$character
    done
    echo "$out"
}

database_url() {  # <role> <database>
    echo "postgresql://$1@/$2?host=$socket&port=5432&passfile=$(url_encoded "$data/secrets/$1.pgpass")"
}
