# shellcheck shell=bash disable=SC2154,SC2034
# A private PostgreSQL cluster in the data directory: Unix socket only, fsync on. As root it runs as user postgres.

postgres_bin=/usr/lib/postgresql/15/bin

as_postgres() {
    if ((EUID == 0)); then runuser -u postgres -- "$@"; else "$@"; fi
}

# The socket lies in a short directory of its own, since the path of a Unix socket has at most 107 bytes.
socket_directory() {
    local file=$data/run/socket_directory
    if [[ -f $file && -d $(<"$file") && -O $(<"$file") ]] || [[ -f $file && $EUID == 0 && -d $(<"$file") ]]; then
        cat "$file"
        return
    fi
    local directory
    directory=$(mktemp -d /tmp/portcullis.XXXXXX)
    chmod 0755 "$directory"
    ((EUID != 0)) || chown postgres "$directory"
    echo "$directory" | tee "$file"
}

init_cluster() {
    [[ -f $data/postgres/PG_VERSION ]] && return
    say "Creating the PostgreSQL cluster…"
    mkdir -p "$data/postgres"
    chmod 0700 "$data/postgres"
    ((EUID != 0)) || chown postgres "$data/postgres"
    as_postgres "$postgres_bin/initdb" -D "$data/postgres" -U postgres --auth=reject --encoding=UTF8 --locale=C.UTF-8 \
        --data-checksums >"$data/logs/initdb.log" 2>&1 || fail "initdb failed; see $data/logs/initdb.log"
}

configure_cluster() {
    local caller
    caller=$(id -un)
    as_postgres tee "$data/postgres/conf.auto.conf" >/dev/null <<EOF
listen_addresses = ''
unix_socket_directories = '$socket'
port = 5432
max_connections = 100
fsync = on
synchronous_commit = on
full_page_writes = on
password_encryption = 'scram-sha-256'
shared_buffers = '128MB'
wal_compression = on
timezone = 'UTC'
log_min_messages = warning
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
log_min_error_statement = panic
idle_in_transaction_session_timeout = '30s'
EOF
    as_postgres bash -c "grep -q conf.auto.conf '$data/postgres/postgresql.conf' || echo \"include 'conf.auto.conf'\" >> '$data/postgres/postgresql.conf'"
    # The operating system's root and the caller may act as the cluster's superuser; the services use passwords.
    as_postgres tee "$data/postgres/pg_hba.conf" >/dev/null <<EOF
local all postgres peer map=operators
local all all scram-sha-256
EOF
    as_postgres tee "$data/postgres/pg_ident.conf" >/dev/null <<EOF
operators root postgres
operators postgres postgres
operators $caller postgres
EOF
}

postgres_pid() {
    local pid
    [[ -f $data/postgres/postmaster.pid ]] && pid=$(head -1 "$data/postgres/postmaster.pid") &&
        [[ $(cat "/proc/$pid/comm" 2>/dev/null) == postgres ]] && ! grep -q '^State:.Z' "/proc/$pid/status" && echo "$pid"
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
    fail "PostgreSQL did not start; see $data/logs/postgres.log"
}

stop_postgres() {
    [[ -n $(postgres_pid) ]] && as_postgres "$postgres_bin/pg_ctl" -D "$data/postgres" -m fast -w -t 60 stop >/dev/null 2>&1
    return 0
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

create_role() {  # <role>
    local known=0 password
    ! exists pg_roles rolname "$1" || known=1
    [[ ! -f $data/secrets/$1.pgpass ]] || ((!known)) || return 0
    password=$(random_secret)
    write_secret "$data/secrets/$1.pgpass" "*:*:*:$1:$password"
    ((known)) || admin_sql "CREATE ROLE $1 LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS"
    # From a file: a password on a command line can be read by others.
    write_secret "$data/run/role.sql" "ALTER ROLE $1 PASSWORD '$password'"
    "$postgres_bin/psql" -qX -v ON_ERROR_STOP=1 -h "$socket" -U postgres -d postgres -f "$data/run/role.sql" || fail "PostgreSQL did not take the password of the role $1."
    rm -f "$data/run/role.sql"
}

database_url() {  # <role> <database>
    echo "postgresql://$1@/$2?host=$socket&port=5432&passfile=$data/secrets/$1.pgpass"
}
