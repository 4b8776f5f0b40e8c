#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# All that faultd has to do on this kernel, tried in a guest of run-vm; prints one line a test.
set -u
cd /payload || exit 1
for part in lib faults oom stalls units; do
	# shellcheck disable=SC1090
	. "/payload/tests/vm/guest/$part.sh"
done

record
units
faults
stalls
