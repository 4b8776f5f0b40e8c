# SPDX-License-Identifier: GPL-2.0-or-later
# Real programs for the tests: getting them, starting them on private ports and directories, ending them.
# shellcheck shell=bash
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../live/lib.sh"
PATH=$PATH:/usr/sbin:/sbin

# need PROGRAM PACKAGE: there, or installed, or a reason to skip. Packages must not start their services here.
need() {
	local policy=/usr/sbin/policy-rc.d made=
	command -v "$1" >/dev/null && return 0
	if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
		skip_test "$1 is not installed (Debian: $2)"
		return 1
	fi
	note "installing $2"
	if [ ! -e $policy ]; then
		printf '#!/bin/sh\nexit 101\n' >$policy
		chmod 755 $policy
		made=1
	fi
	DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$2" >"$work/apt.log" 2>&1 || {
		apt-get update -q >"$work/apt.log" 2>&1
		DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$2" >>"$work/apt.log" 2>&1
	}
	[ -z "$made" ] || rm -f $policy
	hash -r
	command -v "$1" >/dev/null && return 0
	skip_test "$1 cannot be installed (Debian: $2): $(tail -n 1 "$work/apt.log")"
	return 1
}

# The program itself where a name in PATH is a script that starts it.
real_python() {
	local one
	for one in /usr/bin/python3 "$(command -v python3)"; do
		[ -x "$one" ] && "$one" -c 'import os, ctypes; print(os.path.realpath("/proc/self/exe"))' 2>/dev/null && return
	done
}

free_port() {
	local port
	for ((port = 21000 + RANDOM % 20000; ; port++)); do
		(exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
	done
	echo "$port"
}

answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# What a page of a web server says.
page() {
	(
		exec 3<>"/dev/tcp/127.0.0.1/$1" || exit
		printf 'GET / HTTP/1.0\r\n\r\n' >&3
		timeout 5 cat <&3
	) 2>/dev/null | tail -n 1
}

# Everything that runs in our cgroup with this executable.
ours() {
	local pid
	for pid in $(cat "$own_group/cgroup.procs" 2>/dev/null); do
		[ "$(readlink "/proc/$pid/exe")" = "$1" ] && echo "$pid"
	done
}

end_ours() {
	local pid
	for pid in $(ours "$1"); do kill -KILL "$pid" 2>/dev/null; done
	wait_until 5 eval "[ -z \"\$(ours '$1')\" ]" || problem "$1 lives on"
}

start_redis() { # PORT [COMMAND THAT STARTS IT...]
	mkdir -p "$work/redis"
	"${@:2}" redis-server --port "$1" --bind 127.0.0.1 --dir "$work/redis" --save '' --appendonly no --enable-debug-command yes \
		--daemonize no --logfile "$work/redis/log" --pidfile "$work/redis/pid" </dev/null >/dev/null 2>&1 &
	redis_pid=$!
	wait_until 10 answers "$1" || problem "redis does not listen: $(tail -n 1 "$work/redis/log")"
}

start_nginx() { # PORT
	mkdir -p "$work/nginx/html"
	echo served >"$work/nginx/html/index.html"
	chmod -R a+rX "$work/nginx"
	cat >"$work/nginx/conf" <<-CONF
		daemon off;
		worker_processes 2;
		pid $work/nginx/pid;
		error_log $work/nginx/error.log;
		events { worker_connections 512; }
		http {
			access_log off;
			client_body_temp_path $work/nginx/a; proxy_temp_path $work/nginx/b; fastcgi_temp_path $work/nginx/c;
			uwsgi_temp_path $work/nginx/d; scgi_temp_path $work/nginx/e;
			server { listen 127.0.0.1:$1; root $work/nginx/html; }
		}
	CONF
	nginx -p "$work/nginx" -e "$work/nginx/error.log" -c "$work/nginx/conf" </dev/null >/dev/null 2>&1 &
	nginx_pid=$!
	wait_until 10 answers "$1" || problem "nginx does not listen: $(tail -n 1 "$work/nginx/error.log")"
}

as_postgres() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }

pg_ready() { [ "$(grep -c 'ready to accept connections' "$work/pg.log")" -ge "$1" ]; }

# shellcheck disable=SC2154
sql() { "$pg_bin/psql" -h "$work/pg" -U tester -d postgres -Atqc "$1" 2>/dev/null; }

# A database of its own; sets pg_bin.
make_postgres() {
	need psql postgresql || return
	pg_bin=$(find /usr/lib/postgresql -maxdepth 3 -name initdb 2>/dev/null | sort -V | tail -n 1)
	pg_bin=${pg_bin%/initdb}
	[ -n "$pg_bin" ] || { need no-such-postgres postgresql; return; }
	mkdir -p "$work/pg" && chown 65534:65534 "$work/pg" || return
	as_postgres "$pg_bin/initdb" -D "$work/pg/data" -U tester -A trust --no-sync >"$work/pg.log" 2>&1 || {
		problem "initdb: $(tail -n 1 "$work/pg.log")"
		return 1
	}
}

start_postgres() {
	as_postgres "$pg_bin/postgres" -D "$work/pg/data" -k "$work/pg" -c listen_addresses= -c fsync=off >"$work/pg.log" 2>&1 &
	postmaster=$!
	# Asked too early it answers with a backend that fails: its log says when it is ready.
	wait_until 20 pg_ready 1 || problem "PostgreSQL does not start: $(tail -n 1 "$work/pg.log")"
}

stop_postgres() {
	kill -INT "$postmaster"
	wait_until 10 gone "$postmaster" || end_ours "$pg_bin/postgres"
	wait "$postmaster"
}
