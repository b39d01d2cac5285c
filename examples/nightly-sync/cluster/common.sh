# What the three commands have in common. Sourced, not run.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."

# A socket's path has at most 107 bytes.
place=${TRIPARTITE_CLUSTER:-/tmp/tripartite-cluster}
db="postgres:///postgres?host=$place&user=postgres"
# Built by `up`, unless another one is named.
program=${NIGHTLY_SYNC:-target/release/nightly-sync}
keys=(ballybeg/federation kilmore/federation)

say() { printf '\n== %s\n' "$*"; }

# Where initdb and pg_ctl are; Debian keeps them out of the PATH.
bin() {
    local found
    found=$(pg_config --bindir 2>/dev/null || true)
    if [ ! -x "$found/initdb" ]; then
        found=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -1)
    fi
    [ -x "$found/initdb" ] || { echo "PostgreSQL is missing: apt-get install postgresql, or its like" >&2; exit 1; }
    echo "$found"
}

# A server refuses to run as root.
as_owner() {
    if [ "$(id -u)" = 0 ]; then
        (cd / && setpriv --reuid=postgres --regid=postgres --clear-groups "$@")
    else
        "$@"
    fi
}

start_worker() {
    "$program" work --db "$db" --lease "${LEASE:-5}" --spacing 0 --backoff 1 "$@" >>"$place/worker.log" 2>&1 &
    echo $! >>"$place/workers"
}

status() { "$program" status --db "$db"; }
