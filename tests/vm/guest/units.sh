# SPDX-License-Identifier: GPL-2.0-or-later
# faultd as a service among services: what it restarts through systemd, and what it leaves to systemd.
# shellcheck shell=bash disable=SC2154 # lib.sh has them

stream=/out/units.json
errors=/out/units.err

# unit NAME LINE...: a service with these lines in its [Service] part.
unit() {
	local name=$1
	shift
	{
		echo '[Service]'
		printf '%s\n' "$@"
	} >"/run/systemd/system/$name"
}

# ExecStart= of a unit that runs the first command once, and whenever it is started again the second. (Bash alone: any
# program that fails in a unit is reported, too.)
first_then() {
	printf 'ExecStart=/bin/bash -c "[ -e /run/was-%%n ] && exec %s; : >/run/was-%%n; exec %s"\n' "$2" "$1"
}

write_units() {
	local serve="$build/faultgen serve"
	# shellcheck disable=SC2016 # systemd and bash replace the variables
	unit faultd.service Type=notify TimeoutStartSec=60 StandardOutput=append:$stream StandardError=append:$errors \
		"ExecStart=$build/faultd -vv -o json -r vm-crash.service -r vm-always.service -r vm-stop.service -r vm-oom.service" \
		'ExecReload=/bin/kill -HUP $MAINPID' \
		'ExecStopPost=/bin/bash -c "echo $$SERVICE_RESULT $$EXIT_CODE $$EXIT_STATUS >/run/faultd.ended"'
	unit vm-crash.service "$(first_then "$serve 7001 --crash-after 300" "$serve 7001")"
	unit vm-always.service Restart=always RestartSec=200ms "$(first_then "$serve 7002 --crash-after 300" "$serve 7002")"
	unit vm-stop.service "ExecStart=$serve 7003"
	unit vm-oom.service MemoryMax=24M MemorySwapMax=0 "$(first_then "tail /dev/zero" "$serve 7004")"
	unit vm-late.service "$(first_then "$serve 7005 --crash-after 300" "$serve 7005")"
	systemctl daemon-reload
}

property() { systemctl show -P "$2" "$1"; }

start_faultd_unit() { systemctl start faultd.service || last_words $errors | refuse; }

# It answers on PORT and is not the process that was reported.
taken_over() { # UNIT PORT
	local pid answer
	pid=$(property "$1" MainPID)
	has 1 "$(about "$1" fault ".process.pid != $pid")" || refuse "MainPID is $pid still" || return
	exec 3<>"/dev/tcp/127.0.0.1/$2" || return
	read -r answer <&3
	exec 3>&-
	[ "$answer" = "pid $pid" ] || refuse "on port $2 '$answer' answers, and MainPID is $pid"
}

restarted() { # UNIT PORT KIND CAUSE
	local unit=$1 pid
	within 20 has 1 "$(about "$unit" outcome)" || refuse "no outcome: $(story "$unit")" || return
	pid=$(property "$unit" MainPID)
	has 1 "$(about "$unit" fault)" &&
		has 1 "$(about "$unit" fault ".faultd.kind == \"$3\" and .faultd.diagnosis.cause == \"$4\"")" &&
		has 1 "$(about "$unit" action)" &&
		has 1 "$(about "$unit" action ".faultd.action.state == \"started\" and .faultd.action.target == \"$unit\"")" &&
		has 1 "$(about "$unit" outcome ".event.outcome == \"success\" and .event.duration > 0 and .process.pid == $pid")" ||
		refuse "the story is $(story "$unit")" || return
	[ "$(query "select(.service.name == \"$unit\") | .event.id" | sort -u | wc -l)" -eq 1 ] ||
		refuse "its lines are not of one incident: $(story "$unit")" || return
	[ "$(property "$unit" NRestarts)" -eq 0 ] || refuse "systemd restarted it as well" || return
	taken_over "$unit" "$2"
}

left_to_systemd() { # UNIT PORT
	local unit=$1 restarts
	within 20 has 1 "$(about "$unit" outcome)" || refuse "it was not watched to the end: $(story "$unit")" || return
	has 1 "$(about "$unit" action)" &&
		has 1 "$(about "$unit" action '.faultd.action.state == "skipped" and .faultd.action.reason == "supervisor-acts"')" &&
		has 1 "$(about "$unit" outcome '.event.outcome == "success"')" ||
		refuse "the story is $(story "$unit")" || return
	# A restart by anyone but systemd itself would have reset the count.
	restarts=$(property "$unit" NRestarts)
	[ "$restarts" -eq 1 ] || refuse "NRestarts is $restarts" || return
	taken_over "$unit" "$2"
}

stays_stopped() { # UNIT
	local state
	state=$(property "$1" ActiveState)
	[ "$state" = inactive ] || refuse "it is $state" || return
	has 0 "$(about "$1" action '.faultd.action.state == "started"')" || refuse "the story is $(story "$1")"
}

limit_of_unit() { # UNIT BYTES
	local group=/system.slice/$1
	has 1 "$(about "$1" fault ".faultd.oom.cgroup == \"$group\" and .faultd.cgroup.path == \"$group\" and
		.faultd.oom.limit_bytes == $2 and .faultd.oom.victims == 1")" ||
		query "select($(about "$1" fault)) | .faultd.oom | tojson" | refuse
}

said() { [ "$(grep -c "$1" $errors)" -eq "$2" ]; }

reload() { # CONFIGURATION WHAT_IS_SAID
	mkdir -p /etc/faultd
	echo "$1" >/etc/faultd/faultd.conf
	systemctl reload faultd.service || return
	within 5 said "$2" 1 || refuse "$(tail -n 1 $errors)" || return
	systemctl -q is-active faultd.service || refuse "it ended"
}

ended_well() {
	systemctl stop faultd.service || return
	grep -qx 'success exited 0' /run/faultd.ended || refuse "$(cat /run/faultd.ended)"
}

# Our own faults are OOM kills in cgroups of their own, and nobody asked to have them put right.
nothing_else() {
	local others
	others=$(query 'select(.event.dataset == "faultd.fault" and (.faultd.cgroup.path | startswith("/faultgen-") | not)) |
		select(.service.name | IN("vm-crash.service", "vm-always.service", "vm-oom.service", "vm-late.service") | not) | .message')
	[ -z "$others" ] || refuse "$others" || return
	has 0 '.event.dataset == "faultd.self"' || query 'select(.event.dataset == "faultd.self") | .message' | refuse || return
	has 0 '.event.dataset == "faultd.action" and (.faultd.cgroup.path | startswith("/faultgen-"))' || refuse "it acted on them"
}

units() {
	write_units
	check unit/ready start_faultd_unit
	systemctl -q is-active faultd.service || return
	check unit/armed-when-ready grep -q '^faultd: armed' $errors
	check unit/reload reload 'policy "late" { match = { "unit:vm-late.service" } actions = { "restart" } }' \
		'^faultd: configuration reloaded: 5 policies'
	systemctl start vm-crash.service vm-always.service vm-stop.service vm-oom.service vm-late.service
	systemctl stop vm-stop.service
	check unit/restarted restarted vm-crash.service 7001 crash.sigsegv null-pointer
	check unit/restarted-after-oom restarted vm-oom.service 7004 oom.cgroup cgroup-limit
	check unit/oom-at-its-limit limit_of_unit vm-oom.service 25165824
	check unit/left-to-systemd left_to_systemd vm-always.service 7002
	check unit/reload-acts restarted vm-late.service 7005 crash.sigsegv null-pointer
	check unit/reload-bad reload 'policy "late" { matches = { } }' 'the old one stays in force'
	check unit/oom-alone oom oom-cgroup 1 '.faultd.oom.cgroup == .faultd.cgroup.path'
	# shellcheck disable=SC2016 # jq's
	check unit/oom-ancestor oom oom-cgroup-ancestor 1 '.faultd.oom.cgroup as $limit | .faultd.cgroup.path | startswith($limit + "/")'
	check unit/oom-group oom oom-cgroup-group 3 '.faultd.oom.cgroup == .faultd.cgroup.path'
	check unit/stays-stopped stays_stopped vm-stop.service
	check unit/nothing-else nothing_else
	check unit/stops ended_well
}
