#!/usr/bin/env bash
# Puts twelve faults into the store, one after the other, each of which a test must find. The sources are put back whatever happens.
#
#   examples/etcd/tests/mutants.sh [NAME...]
#
# With names, only the faults whose name begins with one of them.
set -uo pipefail
cd "$(dirname "$0")/../../.."
src=examples/etcd/src
kept=$(mktemp -d)
cp -r "$src/." "$kept"
restore() { cp -r "$kept/." "$src"; }
trap 'restore; rm -rf "$kept"' EXIT

wanted=("$@")
is_wanted() {
    local begin
    [ ${#wanted[@]} -eq 0 ] && return
    for begin in "${wanted[@]}"; do [[ $1 == "$begin"* ]] && return; done
    return 1
}

survived=0
# mutant NAME FILE OLD NEW TESTS...: replaces the first OLD of a file by NEW, and runs tests, of which one must fail.
mutant() {
    local name=$1 file=$2 old=$3 new=$4
    shift 4
    is_wanted "$name" || return
    restore
    OLD=$old NEW=$new perl -0pi -e 's/\Q$ENV{OLD}\E/$ENV{NEW}/' "$src/$file"
    if cmp -s "$src/$file" "$kept/$file"; then
        echo "$name: NOT MADE, for $file no longer has what it replaces"
        survived=1
        return
    fi
    if ! cargo test -q -p tripartite-etcd --test it --no-run >/dev/null 2>&1; then
        echo "$name: NOT MADE, for it does not compile"
        survived=1
        return
    fi
    local found told
    told=$(timeout 300 cargo test -p tripartite-etcd --test it -- "$@" 2>&1)
    case $? in
        0) found= ;;
        124) found="a test that does not end" ;;
        *) found="a failure" ;;
    esac
    found=$(grep -oE '^test .* FAILED|^    [a-z_]+::.*' <<<"$told" | head -1 | grep -oE '[a-z_]+(::[a-z_]+)+' || echo "$found")
    if [ -n "$found" ]; then
        echo "$name: found by $found"
    else
        echo "$name: SURVIVED"
        survived=1
    fi
}

mutant "no condition on the version" jobs/swap.rs \
    'let compare = vec![self.unchanged(), prepared.condition()];' 'let compare = vec![self.unchanged()];' seen
mutant "a chain without conditions" jobs/swap.rs \
    '.chain(prepared.iter().map(Prepared::condition)).collect();' '.collect();' jobs_suite::one_node
mutant "a blind retry: a conflict of the second try is believed" jobs/swap.rs \
    'if in_doubt { self.decided(&prepared, now, &nonce).await } else { Ok(Swap::Conflict) }' 'Ok(Swap::Conflict)' lost_answers
mutant "a lost answer is taken for success" jobs/swap.rs \
    'Err(failed) => self.settled(&prepared, failed, &nonce).await,' \
    'Err(_) => Ok(applied(prepared.expect + 1)),' full nodes
mutant "a read that is stale by one revision is taken for truth" jobs/record.rs \
    'let read = self.cluster.call(&read_of(record)).await?;' \
    'let now = self.cluster.call(&TxnRequest::default()).await?.answer.revision();
        let read = self.cluster.call(&RangeRequest { revision: (now - 1).max(1), ..read_of(record) }).await?;' seen
mutant "the old mark stays" jobs/swap.rs \
    'writes.extend(held.mark.map(RequestOp::delete));' '' pages jobs_suite::one_node
mutant "the new mark is not put" jobs/swap.rs \
    'writes.extend(mark.map(|mark| RequestOp::put(mark, Vec::new())));' '' jobs_suite::one_node
mutant "an entry is appended though its id is there" jobs/log.rs \
    'compare: vec![Compare::changed_at(id.clone(), 0)],' 'compare: vec![],' jobs_suite::one_node
mutant "one nonce for all calls" jobs.rs \
    'self.calls.fetch_add(1, Ordering::Relaxed).to_be_bytes()' 'self.calls.load(Ordering::Relaxed).to_be_bytes()' lost_answers
mutant "the error of a full cluster is believed" jobs/swap.rs \
    'if failed.in_doubt && matches!(failed.error, JobsError::Full)' 'if false' full
mutant "no condition on the namespace" jobs.rs \
    'Compare::has(self.layout.meta(), self.meta.clone())' 'Compare::changed_at(b"nothing".to_vec(), 0)' renewed
mutant "every unknown result is a conflict" jobs/swap.rs \
    'Some(first) if is_by(&first, nonce) => Ok(applied(first.mod_revision)),' '' lost_answers
exit "$survived"
