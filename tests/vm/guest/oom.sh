# SPDX-License-Identifier: GPL-2.0-or-later
# OOM kills in cgroups: one incident, whoever dies of it.
# shellcheck shell=bash disable=SC2154 # lib.sh has them

# oom FAULT VICTIMS FILTER: what faultgen makes is one incident with that many victims, and FILTER is true of each.
oom() {
	local pid mine counted wrong
	"$build/faultgen" "$1" >/dev/null 2>&1 &
	pid=$!
	wait $pid
	mine=".event.dataset == \"faultd.fault\" and .process.parent.pid == $pid"
	within 5 has "$2" "$mine" || refuse "$(query "select($mine) | 1" | wc -l) lines, not $2" || return
	[ "$(query "select($mine) | .event.id" | sort -u | wc -l)" -eq 1 ] || refuse "not one incident" || return
	counted=$(query "select($mine) | .faultd.oom.victims" | sort -n | tail -n 1)
	[ "$counted" -eq "$2" ] || refuse "$counted victims counted" || return
	wrong=$(query "select($mine) | select((.faultd.kind == \"oom.cgroup\" and ($3)) | not) | .message")
	[ -z "$wrong" ] || refuse "$wrong"
}
