#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# In a guest of run-vm: kills services and prints how long each replacement took to run, by who it was that started it.
# shellcheck disable=SC2046,SC2086,SC2317 # the numbers are words; the kinds' functions are called by name
set -u
LC_ALL=C
cd /payload || exit 1

rounds=3 kills=10 services=5
numbers=$(seq $services)
life=1500000000 # ns that a service has lived at least when it is killed
quiet=0.2       # s without any doing of ours before a kill
gap=0.4         # s from a kill to the first look for its replacement
give_up=5000000 # us
dir=/run/bench
units=/run/systemd/system
cgroup=/sys/fs/cgroup/bench
samples=() faultd=''

fail() {
	echo "failed $*"
	exit 1
}

mkdir -p $dir
mkfifo $dir/never
exec 3<>$dir/never
# Without a process of its own, which would be one more to be scheduled and watched.
pause() { read -rt "$1" -u 3 _; }

# What to take from the time of day to get CLOCK_MONOTONIC, in ns: nothing here sets or disciplines the clock.
clock_offset() { awk '$1 == ".index:" { i = $2 } $1 == ".offset:" && i == 1 { print $2 }' /proc/timer_list | sort -u; }

# last_start SERVICE: sets pid and started.
last_start() {
	pid='' started=''
	[ -s "$dir/$1/starts" ] || return
	mapfile -t starts <"$dir/$1/starts"
	read -r pid started <<<"${starts[-1]}"
	[ -n "$started" ]
}

now_ns() { now=$((${EPOCHREALTIME/./} * 1000 - offset)); }

# kill_one KIND SERVICE: adds a sample, or that the service never came back.
kill_one() {
	local kind=$1 service=$2 killed was
	last_start "$service" || fail "$service does not run"
	until now_ns && [ $((now - started)) -ge $life ]; do pause 0.1; done
	pause $quiet
	was=$pid
	killed=$EPOCHREALTIME
	# It is gone already where it never came back from the time before.
	kill -KILL "$was" 2>/dev/null && pause $gap
	until last_start "$service" && [ "$pid" != "$was" ]; do
		pause 0.1
		if [ $((${EPOCHREALTIME/./} - ${killed/./})) -gt $give_up ]; then
			samples+=("never $kind $service")
			return
		fi
	done
	samples+=("sample $kind $((started - (${killed/./} * 1000 - offset)))")
}

start_faultd() {
	/payload/faultd --config $dir/faultd.conf --output json >/dev/null 2>$dir/faultd.err &
	faultd=$!
	for ((i = 0; i < 600; i++)); do
		if grep -q '^faultd: armed' $dir/faultd.err; then return; fi
		pause 0.1
	done
	fail "faultd did not start: $(tail -n 1 $dir/faultd.err)"
}

stop_faultd() {
	kill -TERM "$faultd"
	wait "$faultd" || fail "faultd ended with $?: $(tail -n 1 $dir/faultd.err)"
}

# policy NAME MATCH ACTION: the same conditions as on the host.
policy() {
	cat <<-POLICY
		policy "$1" {
			match = { "$2" }
			faults = { "crash", "kill.sigkill" }
			actions = { "$3" }
			backoff { initial = "1ms" factor = 1.0 max = "1ms" jitter = 0.0 }
			limit { actions = 100 within = "1min" }
			healthy { after = "500ms" }
		}
	POLICY
}

# units_of KIND LINE...: a template of services. What they print goes nowhere, as with the services that are no units.
units_of() {
	local kind=$1
	shift
	{
		printf '[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=/payload/service\nWorkingDirectory=%s/%s-%%i\n' $dir "$kind"
		printf 'StandardOutput=null\nStandardError=null\n'
		printf '%s\n' "$@"
	} >"$units/$kind@.service"
}

begin_respawn() {
	policy bench exe:/payload/service respawn >$dir/faultd.conf
	start_faultd
	# By a shell that goes away, and away from the unit that this script is, on which systemd's job is at work still.
	mkdir -p $cgroup
	for i in $numbers; do
		(
			echo $BASHPID >$cgroup/cgroup.procs
			cd $dir/respawn-$i || exit
			/payload/service </dev/null >/dev/null 2>&1 3>&- &
		)
	done
}

end_respawn() {
	stop_faultd
	for i in $numbers; do last_start respawn-$i && kill -KILL "$pid"; done
}

begin_systemd() { systemctl start $(printf 'systemd@%d ' $numbers); }
end_systemd() { systemctl stop 'systemd@*'; }

begin_unit() {
	for i in $numbers; do policy $i unit:unit@$i.service "restart-unit unit@$i.service"; done >$dir/faultd.conf
	start_faultd
	systemctl start $(printf 'unit@%d ' $numbers)
}

end_unit() {
	stop_faultd
	systemctl stop 'unit@*'
}

# one_round KIND: on its own; faultd runs only while it is faultd's turn.
one_round() {
	local kind=$1 n i
	for i in $numbers; do
		rm -rf "$dir/$kind-$i"
		mkdir "$dir/$kind-$i"
	done
	samples=()
	"begin_$kind"
	pause 2
	for ((n = 0; n < kills; n++)); do kill_one "$kind" "$kind-$((n % services + 1))"; done
	"end_$kind"
	printf '%s\n' "${samples[@]}"
}

units_of systemd Restart=always RestartSec=0
units_of unit
systemctl daemon-reload
offset=$(clock_offset)
[[ $offset =~ ^[0-9]+$ ]] || fail "the clocks of the processors do not agree: ${offset//$'\n'/, }"
before=$offset
echo "version $(uname -r), $(systemctl --version | head -n 1)"
for ((round = 0; round < rounds; round++)); do
	for kind in respawn systemd unit; do one_round $kind; done
done
[ "$(clock_offset)" = "$before" ] || fail "the clock was set meanwhile"
