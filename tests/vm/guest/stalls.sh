# SPDX-License-Identifier: GPL-2.0-or-later
# Every stall of faultgen and every look-alike, as the live tests make and judge them, and those that freeze a filesystem.
# shellcheck shell=bash disable=SC2154 # lib.sh has them

# loop_mount DIR: an ext4 there that may be frozen; what is missing for that, if it cannot be had.
loop_mount() {
	local module
	[ -s "$top/ext4.image" ] || { echo 'the host has no mkfs.ext4'; return 1; }
	# In the order in which they need each other; what is built in is no file here.
	for module in crc32c_generic crc16 mbcache jbd2 ext4 loop fuse; do
		[ ! -e "$top/modules/$module.ko" ] || insmod "$top/modules/$module.ko"
	done
	mkdir -p "$1"
	mount -o loop "$top/ext4.image" "$1" 2>>"$work/mount.err" || { echo 'this kernel came without the modules ext4 and loop'; return 1; }
}

stalls() {
	local began=$SECONDS why path=''
	if why=$(loop_mount /mnt/frozen); then path=/mnt/frozen; else note "nothing can be frozen: $why"; fi
	STALL_PATH=$path STALL_SCALE=1 STALL_SLACK=3000 STALL_BATCH=50 STALL_CROWDED=1 BUILD=$build LIVE_LIMIT=240 \
		"$top/tests/live/stalls" 2>&1 | named_after_kernel
	[ "${PIPESTATUS[0]}" -eq 0 ] || not_ok stalls "tests/live/stalls ended with status ${PIPESTATUS[0]}"
	hung_task "$path" "$why"
	note "stalls took $((SECONDS - began)) s"
}

# hung_task PATH WHY: what the kernel's own detector finds is the same incident.
hung_task() {
	local pid stall
	if [ -z "$1" ]; then
		echo "skip $kernel kernel/hung-task: $2"
		return
	elif [ ! -w /proc/sys/kernel/hung_task_timeout_secs ]; then
		echo "skip $kernel kernel/hung-task: this kernel detects no hung tasks"
		return
	fi
	echo 5 >/proc/sys/kernel/hung_task_timeout_secs
	echo 1 >/proc/sys/kernel/hung_task_check_interval_secs
	printf 'stall { io = "4s" }\n' >"$work/hung.conf"
	chmod 644 "$work/hung.conf"
	faultd_start hung --dry-run --config "$work/hung.conf" || return
	stream=$work/hung.json
	"$build/faultgen" frozen-fs "$1" 10 >"$work/hung.said" 2>&1
	pid=$(sed -n 's/^PID //p' "$work/hung.said")
	stall=$(query "select(.event.dataset == \"faultd.fault\" and .process.pid == $pid and .faultd.kind == \"stall.io\") | .event.id")
	check kernel/hung-task within 3 has 1 ".faultd.kind == \"kernel.hung-task\" and .process.pid == $pid and .event.id == \"$stall\" and
		.event.dataset != \"faultd.clear\""
	query "select(.process.pid == $pid) | \"\\(.event.id[:4]): \\(.event.dataset): \\(.faultd.kind): \\(.message)\"" |
		sed "s/^/# $kernel hung: /"
	faultd_stop hung
	echo 0 >/proc/sys/kernel/hung_task_timeout_secs
}
