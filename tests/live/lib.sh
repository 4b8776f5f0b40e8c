# SPDX-License-Identifier: GPL-2.0-or-later
# What the live tests share: a faultd to watch, bystanders that nothing may happen to, and the verdicts.
# shellcheck shell=bash

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
top=${here%/tests/*}
build=${BUILD:-build}
case $build in /*) ;; *) build=$top/$build ;; esac
faultd=${FAULTD:-$build/faultd}

work=''       # scratch; what has its executable in here is ours
unavailable='' # why nothing can be tested here
stream=''     # stdout of the faultd started last
errors=''     # its stderr
faultd_pid=''
faultd_status=''
problems=()
skipped=''
own_group='' # our cgroup's directory, and its path below the root of the hierarchy
own_path=''
old_group=''
bystanders=() # PID:START:NAME
declare -A known_pids=()

problem() { problems+=("$*"); }
skip_test() { skipped=$*; }
ok() { echo "ok $1"; }
not_ok() { echo "not ok $1: $2"; }
skip() { echo "skip $1: $2"; }
note() { echo "# $*"; }

# wait_until SECONDS COMMAND...: polls COMMAND until it succeeds; its last status.
wait_until() {
	local end=$((${EPOCHREALTIME/./} + $1 * 1000000))
	shift
	until "$@"; do
		[ "${EPOCHREALTIME/./}" -lt "$end" ] || return 1
		sleep 0.05
	done
}

start_of() { # the start time of a process in clock ticks; nothing when it is gone
	local stat
	stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
	stat=${stat##*) }
	# shellcheck disable=SC2086
	set -- $stat
	[ "$1" != Z ] || return 1
	echo "${20}"
}

gone() { ! start_of "$1" >/dev/null; }

# end PID: asks, then insists; for our own children only.
end() {
	[ -n "${1:-}" ] || return 0
	kill -TERM "$1" 2>/dev/null || return 0
	wait_until 3 gone "$1" || kill -KILL "$1" 2>/dev/null
	wait "$1" 2>/dev/null
}

# ---- our own cgroup, so that what is ours can be told from the rest of the host

enter_cgroup() {
	local root=/sys/fs/cgroup path
	[ "$(id -u)" -eq 0 ] || return 0
	if [ "$(stat -f -c %T $root)" = cgroup2fs ]; then
		path=$(sed -n 's/^0:://p' /proc/self/cgroup)
	else
		root=/sys/fs/cgroup/memory
		path=$(sed -n 's/^[0-9]*:memory://p' /proc/self/cgroup)
	fi
	old_group=$root$path
	own_path=/faultd-test-$$
	mkdir "$root$own_path" 2>/dev/null || return 0
	own_group=$root$own_path
	echo $$ >"$own_group/cgroup.procs"
	mkdir "$own_group/elsewhere"
}

leave_cgroup() {
	[ -n "$own_group" ] || return 0
	echo $$ >"$old_group/cgroup.procs"
	# Whatever a test left behind is in here, and nothing else is.
	kill -KILL $(cat "$own_group/cgroup.procs" "$own_group/elsewhere/cgroup.procs") 2>/dev/null
	wait_until 3 eval '[ -z "$(cat "$own_group/cgroup.procs" "$own_group/elsewhere/cgroup.procs")" ]'
	rmdir "$own_group/elsewhere" "$own_group" 2>/dev/null
}

# ---- bystanders

bystander() { # COMMAND...: starts it and remembers who it is
	local start
	"$@" </dev/null >/dev/null 2>&1 &
	start=$(start_of $!)
	bystanders+=("$!:$start:${1##*/}")
}

# It writes down every signal that reaches it.
# shellcheck disable=SC2016
witness='mkfifo "$1/fifo.$$"; exec 3<>"$1/fifo.$$"
	for s in HUP INT QUIT USR1 USR2 ALRM TERM CONT PIPE CHLD WINCH URG; do trap "echo $s >>\"$1/witness\"" $s; done
	while :; do read -r _ <&3; done'

start_bystanders() {
	mkdir -p "$work/bystander"
	cp "$(command -v sleep)" "$work/bystander/faultgen"
	bystander sleep 100000
	bystander "$work/bystander/faultgen" 100000
	bystander bash -c "$witness" bash "$work/bystander"
	bystander sleep 100000
	[ -z "$own_group" ] || echo "$!" >"$own_group/elsewhere/cgroup.procs"
}

check_bystanders() {
	local one pid start name left=()
	for one in "${bystanders[@]}"; do
		IFS=: read -r pid start name <<<"$one"
		if [ "$(start_of "$pid")" = "$start" ]; then
			left+=("$one")
		else
			wait "$pid"
			problem "the bystander ${name}[$pid] is gone: status $?"
		fi
	done
	bystanders=("${left[@]}") # once is enough
	if [ -s "$work/bystander/witness" ]; then
		problem "a bystander was sent $(sort -u "$work/bystander/witness" | paste -sd ' ')"
		: >"$work/bystander/witness"
	fi
}

# ---- faultd

# start_faultd NAME OPTION...: in the background, armed when this returns 0; sets stream, errors and faultd_pid.
start_faultd() {
	stream=$work/$1.out errors=$work/$1.err
	shift
	# Emptied before the child gets around to it: an old line says nothing about the new daemon.
	: >"$stream"
	: >"$errors"
	"$faultd" --config "${config:-$work/none.conf}" "$@" >>"$stream" 2>"$errors" </dev/null &
	faultd_pid=$!
	await_armed
}

# One faultd that acts is all that a host can have; another test's may still be there.
await_claim() {
	[ -e /run/faultd.lock ] || return 0
	flock -w 60 /run/faultd.lock true && return 0
	skip_test "another faultd acts on this host"
	return 1
}

armed() { grep -q '^faultd: armed' "$errors" || gone "$faultd_pid"; }

await_armed() {
	wait_until 60 armed
	grep -q '^faultd: armed' "$errors" && return 0
	if gone "$faultd_pid"; then
		wait "$faultd_pid"
		faultd_status=$?
	else
		end "$faultd_pid"
		faultd_status=124
	fi
	faultd_pid=''
	problem "faultd was not armed (status $faultd_status): $(tail -n 2 "$errors" | paste -sd ' ')"
	return 1
}

# stop_faultd [SIGNAL]: what was received is printed by then. Sets faultd_status.
# shellcheck disable=SC2120
stop_faultd() {
	[ -n "$faultd_pid" ] || return 0
	kill "-${1:-INT}" "$faultd_pid" 2>/dev/null
	wait_until 15 gone "$faultd_pid" || {
		problem "faultd did not end within 15 s of SIG${1:-INT}"
		kill -KILL "$faultd_pid"
	}
	wait "$faultd_pid" 2>/dev/null
	faultd_status=$?
	faultd_pid=''
	[ "$faultd_status" -eq 0 ] || problem "faultd ended with status $faultd_status: $(tail -n 1 "$errors")"
}

# query FILTER [ARG...]: jq over what the stream says about us, raw lines; a line that is still being written is left out.
query() {
	local filter=$1
	shift
	query_all "select((.process.executable // \"\" | startswith(\"$work/\")) or
		((.faultd.cgroup.path // \"\") + \"/\" | startswith(\"${own_path:-/faultd-test}/\")) or
		((.event.dataset // \"\") | . != \"faultd.fault\" and . != \"faultd.diagnosis\")) | $filter" "$@"
}

# The same for the whole host, where others may be at work.
query_all() {
	local filter=$1
	shift
	jq -rR "$@" "fromjson? | $filter" "$stream"
}

# count FILTER: how many lines of the stream satisfy it.
count() { query "select($1) | 1" | wc -l; }

at_least() { [ "$(count "$2")" -ge "$1" ]; }
# await N SECONDS FILTER: until N lines satisfy it.
await() { wait_until "$2" at_least "$1" "$3"; }

expect() { # N FILTER WHAT
	local n
	n=$(count "$2")
	[ "$n" -eq "$1" ] || problem "$n instead of $1 lines: ${3:-$2}"
}

# known PID...: these may be reported in this test.
known() {
	local pid
	for pid; do known_pids[$pid]=1; done
}

# Nothing else was reported. What other programs of this host do while we test is theirs, if they really are gone; whoever
# lives on, or belongs to us, was reported wrongly.
check_strangers() {
	local pid exe path kind message elsewhere=0
	[ -s "$stream" ] || return 0
	while IFS=$'\t' read -r pid kind exe path message; do
		[ -z "${known_pids[$pid]:-}" ] || continue
		case $exe$'\t'$path in
		"$work"/*$'\t'* | *$'\t'"${own_path:-/?}" | *$'\t'"${own_path:-/?}"/*)
			problem "not expected: $kind: $message"
			continue
			;;
		esac
		if start_of "$pid" >/dev/null; then
			problem "reported, but alive: $kind: $message"
		else
			elsewhere=$((elsewhere + 1))
			[ $elsewhere -gt 2 ] || note "elsewhere on this host: $message"
		fi
	done < <(query_all 'select(.event.dataset == "faultd.fault" or .event.dataset == "faultd.action") |
		[.process.pid // 0, .faultd.kind // .faultd.action.type, .process.executable // "", .faultd.cgroup.path // "",
		.message] | @tsv')
	[ $elsewhere -le 2 ] || note "elsewhere on this host: $((elsewhere - 2)) more"
	expect 0 '.event.dataset == "faultd.self" and .event.action == "self.lost-events"' "self.lost-events"
}

no_actions() { expect 0 '.event.dataset == "faultd.action" or .event.dataset == "faultd.outcome"' "actions"; }

# ---- tests

# live_test NAME FUNCTION: one verdict; everything that FUNCTION reported with problem, and the bystanders, count.
live_test() {
	local name=$1
	if [ -n "$unavailable" ]; then
		skip "$name" "$unavailable"
		return
	fi
	plain_test "$@"
}

# As live_test, for what needs no BPF.
plain_test() {
	local name=$1 all
	# shellcheck disable=SC2053 # a glob, for trying some of them by hand
	[ -z "${ONLY:-}" ] || [[ $name == $ONLY ]] || return 0
	{
		problems=() skipped='' known_pids=() stream='' config=''
		"$2"
		[ -z "$faultd_pid" ] || stop_faultd
		check_bystanders
	} 2>"$work/stderr"
	if [ ${#problems[@]} -gt 0 ]; then
		all=$(printf '; %s' "${problems[@]}")
		not_ok "$name" "${all:2:1000}"
		# Without the shell's obituaries.
		grep -Ev '^[^ ]*: line [0-9]+: +[0-9]+ ' "$work/stderr" | head -n 5
	elif [ -n "$skipped" ]; then
		skip "$name" "$skipped"
	else
		ok "$name"
	fi
}

# Crashes leave no core dumps here, and the files that do appear are in the scratch directory.
live_setup() {
	work=$(mktemp -d "${TMPDIR:-/tmp}/faultd-test.XXXXXX")
	chmod 755 "$work"
	trap live_cleanup EXIT
	trap 'exit 143' TERM
	trap 'exit 130' INT
	cd "$work" || exit 1
	cp "$build/faultgen" "$work/faultgen" || exit 1
	gen=$work/faultgen
	(sleep "${LIVE_LIMIT:-900}" && kill -TERM $$) >/dev/null 2>&1 &
	watchdog=$!
	: >"$work/none.conf"
	if ! command -v jq >/dev/null; then
		unavailable='jq is not installed'
		return
	fi
	enter_cgroup
	start_bystanders
	problems=()
	start_faultd probe --output json && stop_faultd
	if [ ${#problems[@]} -gt 0 ]; then
		unavailable=${problems[0]}
		# A program that the verifier does not take is a bug, and no reason to skip.
		case $faultd_status:${FAULTD_TEST_REQUIRE_BPF:-}:$unavailable in
		69::*'refuses the program'*) ;;
		69::* | 77::*) return ;;
		esac
		not_ok "${0##*/}" "$unavailable"
		exit 1
	fi
}

live_cleanup() {
	local one child pid start
	# A child that is sent a signal before it has become another program still has our traps.
	[ "$BASHPID" -eq $$ ] || return
	exec 2>/dev/null # the shell's obituaries
	[ -z "$faultd_pid" ] || end "$faultd_pid"
	for one in "${bystanders[@]}"; do
		IFS=: read -r pid start _ <<<"$one"
		[ "$(start_of "$pid")" = "$start" ] && kill -KILL "$pid"
	done
	if [ -n "${watchdog:-}" ]; then
		for child in $(pgrep -P "$watchdog"); do kill "$child" 2>/dev/null; done
		kill "$watchdog" 2>/dev/null
	fi
	wait
	leave_cgroup
	cd / && { [ -n "${FAULTD_TEST_KEEP:-}" ] || rm -rf "$work"; }
}
