#!/usr/bin/env bash
# Counts the instructions of each case of the bench `instructions` under callgrind, and fails when one has grown by more
# than 5 % against baseline.txt, or has none there. The baseline is of one compiler and one kind of machine: on another,
# growth is told and fails nothing. `--bless` writes the baseline instead; `--counts FILE` also keeps the counts.
# README.md beside it says what is counted.
set -euo pipefail
cd "$(dirname "$0")/../.."

baseline=benches/instructions/baseline.txt
most=5 # percent
bless=no
counts=
while [ $# -gt 0 ]; do
    case "$1" in
        --bless) bless=yes ;;
        --counts) counts="${2:?--counts: expected a file}"; shift ;;
        *) echo "check.sh: there is no option $1; --bless and --counts FILE are" >&2; exit 2 ;;
    esac
    shift
done

command -v valgrind >/dev/null 2>&1 || { echo "check.sh: valgrind is missing" >&2; exit 2; }
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT

# The machine's own features and whoever calls this have no say in what is built. Empty, but set: then the flags of no
# configuration file count either.
unset RUSTFLAGS CARGO_PROFILE_BENCH_LTO CARGO_PROFILE_RELEASE_LTO
export CARGO_ENCODED_RUSTFLAGS=
compiler=$(rustc -vV | awk '$1 == "release:" { release = $2 } $1 == "host:" { host = $2 } END { print "rustc " release " " host }')
built=$(cargo bench -p tripartite --all-features --bench instructions --no-run --message-format=json-render-diagnostics |
    sed -n 's/.*"name":"instructions".*"executable":"\([^"]*\)".*/\1/p' | tail -n 1)
[ -x "$built" ] || { echo "check.sh: the bench was not built" >&2; exit 2; }

# Own costs of all functions, but for those of the C library that it chooses by the processor: copying, comparing,
# searching. `calls=` is followed by a line with the cost of what was called, which counts where it was spent.
own='
    /^ob=/ { object = substr($0, 4) }
    /^fn=/ { fn = substr($0, 4) }
    /^calls=/ { skip = 1; next }
    /^[0-9+*-]/ {
        if (skip) { skip = 0; next }
        if (object ~ /\/(libc|ld-linux)[^\/]*$/ && fn ~ /(mem|bcmp|bcopy|bzero|str)/) next
        sum += $2
    }
    END { printf "%d\n", sum }
'
count() {
    valgrind --quiet --tool=callgrind --toggle-collect='*instructions::measured*' --compress-strings=no \
        --compress-pos=no --callgrind-out-file="$place/$2" "$built" "$1" 2>"$place/$2.said" ||
        { cat "$place/$2.said" >&2; return 1; }
    printf '%s %s\n' "$1" "$(awk "$own" "$place/$2")" >"$place/$2.count"
}

number=0
for name in $("$built"); do
    number=$((number + 1))
    count "$name" "$number" &
    # As many at a time as there are processors: what others do changes no count.
    [ "$(jobs -rp | wc -l)" -lt "$(nproc)" ] || wait -n
done
while [ -n "$(jobs -rp)" ]; do wait -n; done
cat "$place"/*.count | LC_ALL=C sort >"$place/all"
[ "$(wc -l <"$place/all")" -eq "$number" ] || { echo "check.sh: not every case was counted" >&2; exit 2; }
if awk '$2 < 1000 { print "check.sh: " $1 ": only " $2 " instructions, so nothing was measured"; bad = 1 } END { exit bad }' \
    "$place/all" >&2; then :; else exit 2; fi
[ -z "$counts" ] || cp "$place/all" "$counts"

if [ "$bless" = yes ]; then
    { echo "# $compiler"; cat "$place/all"; } >"$baseline"
    echo "check.sh: $number cases are the baseline now"
    exit 0
fi
blessed=$(sed -n '1s/^# //p' "$baseline")
blessed=${blessed:-"an unknown compiler"}
sed '/^#/d' "$baseline" >"$place/baseline"
LC_ALL=C join -a 1 -a 2 -e - -o 0,1.2,2.2 "$place/baseline" "$place/all" |
    awk -v most="$most" -v compiler="$compiler" -v blessed="$blessed" '
    BEGIN { printf "| %-24s | %12s | %12s | %8s |  |\n|---|--:|--:|--:|---|\n", "case", "baseline", "now", "change" }
    {
        if ($3 == "-") { change = "-"; said = "**gone**"; bad = 1 }
        else if ($2 == "-") { change = "-"; said = "**new**"; bad = 1 }
        else {
            grown = ($3 - $2) * 100 / $2
            change = sprintf("%+.1f %%", grown)
            said = grown > most ? "**grown**" : grown < -most ? "less: bless it" : ""
            if (grown > most) large = 1
        }
        printf "| %-24s | %12s | %12s | %8s | %s |\n", $1, $2, $3, change, said
    }
    END {
        other = compiler != blessed
        if (other) {
            print "\nWARNING: the baseline is of " blessed ", and this is " compiler "."
            print "NOTHING WAS HELD AGAINST IT: counts move with both. Only a case that is new or gone fails here."
        }
        if (large && !other) bad = 1
        if (bad) print "\nMore than " most " % grown, new or gone: mend it, or benches/instructions/check.sh --bless"
        exit bad
    }'
