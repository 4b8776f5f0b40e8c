# SPDX-License-Identifier: GPL-2.0-or-later
# What the scripts of the VM harness share: the cache, the programs they need, and an apt that touches nothing of the host.
# shellcheck shell=bash

# shellcheck disable=SC2034 # for those who source this
vm_cache=${FAULTD_VM_CACHE:-${XDG_CACHE_HOME:-${HOME:?}/.cache}/faultd/vm}

die() {
	echo "${0##*/}: $*" >&2
	exit 1
}

# need PROGRAM=PACKAGE...: installs the packages of the programs that are missing, or says how to.
need() {
	local pair missing=()
	for pair; do
		command -v "${pair%%=*}" >/dev/null || missing+=("${pair#*=}")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	if [ "$(id -u)" -ne 0 ]; then
		die "missing; please run: sudo apt-get install -y --no-install-recommends ${missing[*]}"
	fi
	command -v apt-get >/dev/null || die "needs apt-get, or these packages: ${missing[*]}"
	echo "${0##*/}: installing ${missing[*]}" >&2
	{
		apt-get -q update || :
		DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install "${missing[@]}"
	} >&2
}

# private_apt DIR [SOURCES]: writes DIR/apt.conf, for "apt-get -c DIR/apt.conf"; without SOURCES the system's are used.
# The system's other settings (proxies, certificates) stay in force; its hooks do not, since they act on the host.
private_apt() {
	local dir=$1 sources=${2:-}
	mkdir -p "$dir/lists/partial" "$dir/archives/partial"
	: >"$dir/status"
	{
		cat <<-CONF
			Dir::State "$dir";
			Dir::State::lists "$dir/lists";
			Dir::State::status "$dir/status";
			Dir::Cache "$dir";
			Dir::Cache::archives "$dir/archives";
			Dir::Log "$dir";
			APT::Sandbox::User "root";
			Acquire::Languages "none";
			Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";
			pkgCacheGen::ForceEssential "none";
			#clear APT::Update::Post-Invoke;
			#clear APT::Update::Post-Invoke-Success;
			#clear DPkg::Post-Invoke;
		CONF
		if [ -n "$sources" ]; then
			printf 'Dir::Etc::sourcelist "%s";\nDir::Etc::sourceparts "/dev/null";\n' "$sources"
		fi
	} >"$dir/apt.conf"
}

# mirrors: one line a Debian archive that the system's apt sources name: "URI LABEL".
mirrors() {
	local list
	# shellcheck disable=SC2016
	list=$(apt-get indextargets --format '$(REPO_URI) $(LABEL)' 'Created-By: Packages')
	# Labels come with the lists; a fresh container has none, and then the names have to do.
	awk '
		$2 == "Debian" || $2 == "Debian-Security" { print $1, $2; next }
		NF == 1 && /\/debian\/?$/                 { print $1, "Debian" }
		NF == 1 && /\/debian-security\/?$/        { print $1, "Debian-Security" }
	' <<<"$list" | sort -u
}
