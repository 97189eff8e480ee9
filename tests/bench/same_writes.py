"""A transaction for pgbench that writes what one payment writes: as many rows into copies of the same tables, with the
same indexes, and as many updates of them, counted by PostgreSQL itself over a run of payments.

  same_writes.py count <admin url>                                -> counters of all tables, JSON
  same_writes.py script <admin url> <before> <after> <payments>  -> the script; fills the database `yardstick`

What the copies hold is an arbitrary row of the original, so that sizes are those of payments. Foreign keys and row-level
security are left out, which favours the yardstick.
"""
import json
import subprocess
import sys

DATABASES = ("gateway", "vault")
PSQL = "/usr/lib/postgresql/15/bin/psql"
DUMP = "/usr/lib/postgresql/15/bin/pg_dump"


def sql(url, database, text):
    out = subprocess.run([PSQL, "-qtAX", "-v", "ON_ERROR_STOP=1", "-F", "\t", "-d", on(url, database), "-c", text],
                         check=True, capture_output=True, text=True).stdout
    return [line.split("\t") for line in out.splitlines()]


def on(url, database):
    head, _, query = url.partition("?")
    return head.rsplit("/", 1)[0] + "/" + database + ("?" + query if query else "")


def count(url):
    found = {}
    for database in DATABASES:
        for table, inserted, updated in sql(url, database, "SELECT relname, n_tup_ins, n_tup_upd FROM pg_stat_user_tables"):
            found[f"{database}.{table}"] = [int(inserted), int(updated)]
        found[database] = [int(sql(url, database, f"SELECT xact_commit FROM pg_stat_database WHERE datname = '{database}'")[0][0]), 0]
    return found


def columns_of(url, database, table):
    """name, type, and whether the column is in a unique index"""
    return sql(url, database, f"""
        SELECT a.attname, format_type(a.atttypid, a.atttypmod),
               EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisunique AND a.attnum = ANY (i.indkey))
          FROM pg_attribute a WHERE a.attrelid = '{table}'::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY a.attnum""")


def copy_table(url, database, table):
    """Makes yardstick.<database>_<table> with the same indexes and one row of the original as <…>_sample."""
    name = f"{database}_{table}"
    definition = subprocess.run([DUMP, "-s", "-O", "-x", "--no-comments", "-t", table, "-d", on(url, database)],
                                check=True, capture_output=True, text=True).stdout
    wanted = [statement for statement in definition.split(";\n")
              if not any(word in statement for word in ("FOREIGN KEY", "ROW LEVEL SECURITY", "CREATE POLICY"))]
    script = "SET client_min_messages = warning;\n" + ";\n".join(wanted) + f";\nALTER TABLE public.{table} RENAME TO {name};\nCREATE TABLE public.{name}_sample (LIKE public.{name});"
    subprocess.run([PSQL, "-qX", "-v", "ON_ERROR_STOP=1", "-d", on(url, "yardstick")], input=script, check=True, text=True, stdout=subprocess.DEVNULL)
    row = subprocess.run([PSQL, "-qtAX", "-d", on(url, database), "-c", f"COPY (SELECT * FROM {table} LIMIT 1) TO STDOUT"],
                         check=True, capture_output=True, text=True).stdout
    subprocess.run([PSQL, "-qX", "-v", "ON_ERROR_STOP=1", "-d", on(url, "yardstick"), "-c", f"COPY {name}_sample FROM STDIN"],
                   input=row, check=True, text=True)
    return name


def insert(name, columns, mark):
    """A copy of the sample under keys of its own: text is made of :r, numbers are added to it, the rest stays."""
    values = []
    for column, kind, unique in columns:
        if unique == "t" and kind == "text" and column not in ("currency", "name"):
            values.append(f"'{mark}_' || :r::bigint")
        elif unique == "t" and kind == "bigint" and column != "account_id":
            values.append(f":r::bigint * 100 + {len(mark)}{mark[-1] if mark[-1].isdigit() else 0}")
        else:
            values.append(column)
    names = ", ".join(column for column, _, _ in columns)
    return f"INSERT INTO {name} ({names}) SELECT {', '.join(values)} FROM {name}_sample ON CONFLICT DO NOTHING;"


def update(name, columns, mark):
    keys = [c for c, kind, unique in columns if unique == "t" and kind == "text" and c not in ("currency", "name")]
    free = [c for c, _, unique in columns if unique == "f"]
    if not free:
        return ""
    condition = f"{keys[0]} = '{mark}_' || :r::bigint" if keys else "true"
    account = next((c for c, _, _ in columns if c == "account_id"), None)
    if account:
        condition = f"account_id = (SELECT account_id FROM {name}_sample) AND " + condition
    return f"UPDATE {name} SET {free[-1]} = {free[-1]} WHERE {condition};"


def script(url, before, after, payments):
    subprocess.run([PSQL, "-qX", "-d", on(url, "postgres"), "-c", "DROP DATABASE IF EXISTS yardstick", "-c", "CREATE DATABASE yardstick TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'"], check=True,
                   stderr=subprocess.DEVNULL)
    lines, told = ["\\set r random(1, 1000000000000000)", "BEGIN;"], []
    counters = []
    for place, (inserted, updated) in sorted(after.items()):
        if "." not in place:
            continue
        database, table = place.split(".")
        then = before.get(place, [0, 0])
        inserts, updates = (round((now - was) / payments) for now, was in zip((inserted, updated), then))
        if inserts + updates == 0:
            continue
        columns = columns_of(url, database, table)
        name = copy_table(url, database, table)
        told.append(f"{table} {inserts}+{updates}")
        for i in range(inserts):
            lines.append(insert(name, columns, f"y{i}"))
        if inserts == 0:  # a counter: one row that every payment changes, last as in a payment
            subprocess.run([PSQL, "-qX", "-d", on(url, "yardstick"), "-c", f"INSERT INTO {name} SELECT * FROM {name}_sample"], check=True)
            counters += [f"UPDATE {name} SET {[c for c, _, u in columns if u == 'f'][-1]} = {[c for c, _, u in columns if u == 'f'][-1]};"] * updates
            continue
        for i in range(updates):
            lines.append(update(name, columns, f"y{i % inserts}"))
    lines += counters + ["COMMIT;"]
    print("\n".join(line for line in lines if line))
    print(", ".join(told), file=sys.stderr)


if __name__ == "__main__":
    if sys.argv[1] == "count":
        json.dump(count(sys.argv[2]), sys.stdout)
    else:
        script(sys.argv[2], json.load(open(sys.argv[3])), json.load(open(sys.argv[4])), int(sys.argv[5]))
