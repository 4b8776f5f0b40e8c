# SPDX-License-Identifier: GPL-2.0-or-later
# Every fault of faultgen, as the live tests make and judge them, and a recording of some of them.
# shellcheck shell=bash disable=SC2154 # lib.sh has them

# Few enough for the recording to be kept, and one of each sort.
recorded=(null-read stack-overflow write-to-read-only killed-sigkill oom-cgroup handler-reraises seccomp-kill
	sigbus-truncated)

faults() {
	local began=$SECONDS
	BUILD=$build LIVE_LIMIT=200 "$top/tests/live/faults" 2>&1 | named_after_kernel
	[ "${PIPESTATUS[0]}" -eq 0 ] || not_ok faults "tests/live/faults ended with status ${PIPESTATUS[0]}"
	note "faults took $((SECONDS - began)) s"
}

# The host replays it and compares.
record() {
	local fault
	faultd_start recorded --record /out/recording || return
	printf '%s\n' "${recorded[@]}" >/out/recorded.list
	for fault in "${recorded[@]}"; do
		"$build/faultgen" "$fault"
	done >"$work/made" 2>&1
	faultd_stop recorded
}
