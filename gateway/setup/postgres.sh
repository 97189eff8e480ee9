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
        [[ $(readlink "/proc/$pid/exe" 2>/dev/null) == */postgres || $(cat "/proc/$pid/comm" 2>/dev/null) == postgres ]] && echo "$pid"
}

start_postgres() {
    if [[ -n $(postgres_pid) ]]; then
        [[ -S $socket/.s.PGSQL.5432 ]] && return
        stop_postgres
    fi
    say "Starting PostgreSQL…"
    touch "$data/logs/postgres.log"
    ((EUID != 0)) || chown postgres "$data/logs/postgres.log"
    local try
    for try in 1 2 3 4 5 6; do  # a killed postmaster leaves shared memory that takes a second or two to go
        as_postgres "$postgres_bin/pg_ctl" -D "$data/postgres" -w -t 60 -l "$data/logs/postgres.log" start >/dev/null 2>&1 {lock}>&- && return
        sleep 1
    done
    tail -5 "$data/logs/postgres.log" >&2
    fail "PostgreSQL did not start; see $data/logs/postgres.log"
}

stop_postgres() {
    [[ -n $(postgres_pid) ]] && as_postgres "$postgres_bin/pg_ctl" -D "$data/postgres" -m fast -w -t 60 stop >/dev/null 2>&1
    return 0
}

admin_sql() {
    "$postgres_bin/psql" -qtAX -v ON_ERROR_STOP=1 -h "$socket" -U postgres -d "${2:-postgres}" -c "$1"
}

# Two databases, and for each an owner of the schema and a role of the service that owns nothing.
create_databases() {
    local name role
    for name in gateway vault; do
        for role in "$name" "${name}_owner"; do
            [[ -f $data/secrets/$role.pgpass ]] && [[ $(admin_sql "SELECT 1 FROM pg_roles WHERE rolname = '$role'") == 1 ]] && continue
            local password
            password=$(random_secret)
            write_secret "$data/secrets/$role.pgpass" "*:*:*:$role:$password"
            [[ $(admin_sql "SELECT 1 FROM pg_roles WHERE rolname = '$role'") == 1 ]] || admin_sql "CREATE ROLE $role LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS"
            # From a file: a password on a command line can be read by others.
            write_secret "$data/run/role.sql" "ALTER ROLE $role PASSWORD '$password'"
            "$postgres_bin/psql" -qX -v ON_ERROR_STOP=1 -h "$socket" -U postgres -d postgres -f "$data/run/role.sql"
            rm -f "$data/run/role.sql"
        done
        [[ $(admin_sql "SELECT 1 FROM pg_database WHERE datname = '$name'") == 1 ]] || admin_sql "CREATE DATABASE $name OWNER ${name}_owner"
        admin_sql "REVOKE CONNECT, TEMPORARY ON DATABASE $name FROM PUBLIC; GRANT CONNECT ON DATABASE $name TO $name, ${name}_owner"
        admin_sql "REVOKE CREATE ON SCHEMA public FROM PUBLIC; ALTER SCHEMA public OWNER TO ${name}_owner" "$name"
        admin_sql "ALTER ROLE $name SET lock_timeout = '2s'; ALTER ROLE $name SET statement_timeout = '10s'"
    done
}

database_url() {  # <role> <database>
    echo "postgresql://$1@/$2?host=$socket&port=5432&passfile=$data/secrets/$1.pgpass"
}
