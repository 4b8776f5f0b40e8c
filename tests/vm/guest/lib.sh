# SPDX-License-Identifier: GPL-2.0-or-later
# What the guest's parts share: the lines of the result, and faultd started, armed and ended.
# shellcheck shell=bash disable=SC2154 # each part sets stream

top=/payload
# shellcheck disable=SC2034 # for those who source this
build=$top/build
work=/tmp/faultd-vm
mkdir -p "$work"
kernel=$(cat "$top/kernel")

ok() { echo "ok $kernel $*"; }
not_ok() {
	local name=$1
	shift
	echo "not ok $kernel $name: $*"
}
note() { echo "# $kernel $*"; }

# The lines of another test, told as this kernel's.
named_after_kernel() { sed -u -E "s/^(ok|not ok|skip|#) /&$kernel /"; }

# refuse [WHY...]: what a check says that fails; without words those on standard input.
refuse() {
	if [ $# -gt 0 ]; then echo "$*"; else paste -sd '|'; fi
	return 1
}

# check NAME COMMAND...: ok when the command succeeds; else what it said last is the reason.
check() {
	local name=$1 out
	shift
	if out=$("$@" 2>&1); then ok "$name"; else not_ok "$name" "$(tail -n 1 <<<"${out:-$*}")"; fi
}

# within SECONDS COMMAND...: whether the command succeeds in that time.
within() {
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.05
	done
}

# The end of what the verifier says is the reason; before it come thousands of lines.
last_words() { tail -n 12 "$1" | cut -c 1-300 | paste -sd '|'; }

# ---- what faultd printed; the part sets stream

# query FILTER: its results, one a line; a line that is still being written is left out.
query() { jq -rR "fromjson? | $1" "$stream"; }
# has N FILTER: whether exactly N lines satisfy it.
has() { [ "$(query "select($2) | 1" | wc -l)" -eq "$1" ]; }
# about UNIT DATASET [FILTER]: the filter for lines about a unit.
about() { echo ".service.name == \"$1\" and .event.dataset == \"faultd.$2\"${3:+ and ($3)}"; }
# All that was said of a unit.
story() { query "select(.service.name == \"$1\") | \"\\(.event.id[:4]): \\(.message)\"" | paste -sd '|'; }

# ---- faultd, where it is no service

armed_or_gone() { grep -q '^faultd: armed' "$1" || ! kill -0 "$faultd"; }

# faultd_start NAME OPTION...: its lines go to $work/NAME.json, what it says to $work/NAME.err.
faultd_start() {
	local name=$1
	shift
	"$build/faultd" -vv -o json "$@" >"$work/$name.json" 2>"$work/$name.err" &
	faultd=$!
	within 60 armed_or_gone "$work/$name.err"
	if grep -q '^faultd: armed' "$work/$name.err"; then return 0; fi
	kill -KILL "$faultd" 2>/dev/null
	not_ok "$name-armed" "$(last_words "$work/$name.err")"
	return 1
}

# Ends it in the one right way; what is in the rings by then has to be printed.
faultd_stop() {
	local name=$1 status
	kill -TERM "$faultd"
	wait "$faultd"
	status=$?
	cp "$work/$name".{json,err} /out/
	if [ $status -eq 0 ]; then ok "$name-ends"; else not_ok "$name-ends" "SIGTERM ended it with status $status"; fi
}
