# SPDX-License-Identifier: GPL-2.0-or-later
# What the tests of stalls share: short thresholds, stalls made in the background, and what faultd said of a process.
# shellcheck shell=bash disable=SC2154 # lib.sh has them

# A guest without KVM is several times slower than its clock: there everything takes as many times longer.
scale=${STALL_SCALE:-1}
# What a loaded machine may add to a duration, in ms.
slack=${STALL_SLACK:-1000}

seconds_of() { echo $(($1 * scale)); }

# thresholds FILE [TEXT]: a configuration with short ones, and TEXT. A lock may take longer than an event loop, or every
# loop that waits for one would be told as that. The budget is such that other programs' threads do not make looks rare.
thresholds() {
	cat >"$1" <<-CONF
		overhead_budget = 20.0
		stall {
		    deadlock = "$(seconds_of 1)s"  lock = "$(seconds_of 4)s"  io = "$(seconds_of 2)s"  syscall = "$(seconds_of 2)s"
		    eventloop = "$(seconds_of 2)s"  spin = "$(seconds_of 3)s"  starved = "$(seconds_of 2)s"
		    throttled = "$(seconds_of 3)s"  stopped = "$(seconds_of 2)s"
		}
		${2:-}
	CONF
	chmod 644 "$1"
}

declare -A guard=() # of each stall that was made: the process that ends it

# make_stall NAME ARG...: in the background; what it says goes to $work/NAME.said.
make_stall() {
	"$gen" -v "$@" >"$work/$1.said" 2>&1 &
	guard[$1]=$!
}

# Who stalls, and who only takes part.
stalled() { sed -n 's/^PID //p' "$work/$1.said" | paste -sd ' '; }
takes_part() { sed -n 's/.* has the child \([0-9]*\)$/\1/p' "$work/$1.said"; }
has_begun() { [ -n "$(stalled "$1")" ] || gone "${guard[$1]}"; }

# begun NAME...: they have printed whom to look for.
begun() {
	local name
	for name; do wait_until 15 has_begun "$name"; done
}

# dismissed NAME...: their time is not waited for.
dismissed() {
	local name
	for name; do
		kill -TERM "${guard[$name]}" 2>/dev/null
		wait "${guard[$name]}"
	done
}

# lines_about FILE DATASET PID: those of stalls, as they are.
lines_about() {
	jq -cR --arg dataset "faultd.$2" --argjson pid "$3" \
		'fromjson? | select(.event.dataset == $dataset and .process.pid == $pid and (.faultd.kind | startswith("stall.")))' "$1"
}

# said_of DATASET NAME: how many lines of the stream are about a process that stalls.
said_of() {
	local pid n=0
	for pid in $(stalled "$2"); do n=$((n + $(lines_about "$stream" "$1" "$pid" | wc -l))); done
	echo $n
}

is_said() { [ "$(said_of "$1" "$2")" -gt 0 ]; }

# say SECONDS DATASET NAME...: that much is said of each, in this time.
await_said() {
	local seconds=$1 dataset=$2 name
	shift 2
	for name; do
		wait_until "$(seconds_of "$seconds")" is_said "$dataset" "$name" || problem "no faultd.$dataset of $name"
	done
}

# field NAME FILTER: of the fault line of the process that stalls.
field() { lines_about "$stream" fault "$(stalled "$1" | cut -d ' ' -f 1)" | head -n 1 | jq -r "$2"; }

compare() { # WHAT GOT EXPECTED[|EXPECTED...]
	[ -z "$3" ] || [[ "|$3|" == *"|$2|"* ]] || problem "$1 is $2 instead of ${3//|/ or }"
}

between() { # WHAT MS FROM TO
	[ "$2" -ge "$3" ] && [ "$2" -le "$4" ] || problem "$1 is $2 ms, not from $3 to $4"
}
