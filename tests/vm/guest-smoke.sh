#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Shows, from inside a guest of run-vm, that it is the machine that the real tests expect.
# shellcheck disable=SC2317 # the checks are called by name
set -u
failed=0
ok() { echo "ok $1"; }
not_ok() {
	echo "not ok $1 $2"
	failed=1
}
skip() { echo "skip $1 $2"; }
check() {
	local name=$1 out
	shift
	if out=$("$@" 2>&1); then ok "$name"; else not_ok "$name" "${out:-$*}"; fi
}

uname -r
check init-is-systemd grep -qx systemd /proc/1/comm
check cgroup-v2 test "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs
check cgroup-memory grep -qw memory /sys/fs/cgroup/cgroup.subtree_control
check btf test -s /sys/kernel/btf/vmlinux
check tracefs test -r /sys/kernel/tracing/events/sched/sched_process_exit/id
check bpffs test "$(stat -f -c %T /sys/fs/bpf)" = bpf_fs
check dbus-system-bus busctl --system call org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus GetId
check systemd-on-the-bus busctl --system get-property org.freedesktop.systemd1 /org/freedesktop/systemd1 \
	org.freedesktop.systemd1.Manager Version
check systemd-private-socket test -S /run/systemd/private

monotonic() {
	local before now _
	read -r before _ </proc/uptime
	for _ in $(seq 50); do
		read -r now _ </proc/uptime
		[ "${now/./}" -ge "${before/./}" ] || { echo "$before then $now"; return 1; }
		before=$now
	done
}
check time-is-monotonic monotonic
check time-advances sleep 0.2

restart_unit() {
	local before after
	printf '[Service]\nExecStart=/bin/sleep inf\n' >/run/systemd/system/smoke.service
	systemctl daemon-reload && systemctl start smoke.service || return 1
	before=$(systemctl show -P MainPID smoke.service)
	busctl --system call org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.systemd1.Manager \
		RestartUnit ss smoke.service replace >/dev/null || return 1
	for _ in $(seq 50); do
		after=$(systemctl show -P MainPID smoke.service)
		[ "$after" != "$before" ] && [ "$after" != 0 ] && return 0
		sleep 0.1
	done
	echo "still $before"
	return 1
}
check restart-unit-over-the-bus restart_unit

oom_in_cgroup() {
	local cg=/sys/fs/cgroup/smoke
	mkdir "$cg" && echo 16M >"$cg/memory.max" || return 1
	bash -c "echo \$\$ >$cg/cgroup.procs; exec tail /dev/zero" >/dev/null 2>&1
	grep -qx 'oom_kill 1' "$cg/memory.events" || { tr '\n' ' ' <"$cg/memory.events"; return 1; }
	rmdir "$cg"
}
check oom-in-a-cgroup oom_in_cgroup

states=$(systemctl list-units --failed --no-legend --plain | awk '{ print $1 }' | paste -sd,)
if [ -z "$states" ]; then ok no-failed-units; else not_ok no-failed-units "$states"; fi
echo "core_pattern $(cat /proc/sys/kernel/core_pattern)"

if ! command -v bpftool >/dev/null; then
	skip bpf-features "no bpftool in the payload"
elif bpftool feature probe kernel >/out/features.txt 2>&1; then
	ok bpf-features
else
	not_ok bpf-features "$(tail -n 1 /out/features.txt)"
fi
exit $failed
