# SPDX-License-Identifier: GPL-2.0-or-later
# The programs that stall and those that only wait: writing, compiling and starting them.
# shellcheck shell=bash

write_java() { # FILE
	cat >"$1" <<-'JAVA'
		/* Deadlock monitors: two threads wait for each other's monitor, and main joins them. Deadlock idle: main sleeps. */
		import java.util.concurrent.CountDownLatch;

		public class Deadlock {
			static Thread cross(Object first, Object second, CountDownLatch both) {
				Thread thread = new Thread(() -> {
					synchronized (first) {
						both.countDown();
						try {
							both.await();
						} catch (InterruptedException e) {
							return;
						}
						synchronized (second) {
							System.out.println("not reached");
						}
					}
				});
				thread.start();
				return thread;
			}

			public static void main(String[] args) throws Exception {
				if (args[0].equals("idle"))
					Thread.sleep(1000000);
				Object a = new Object(), b = new Object();
				CountDownLatch both = new CountDownLatch(2);
				Thread one = cross(a, b, both), two = cross(b, a, both);
				one.join();
				two.join();
			}
		}
	JAVA
}

write_rust() { # FILE
	cat >"$1" <<-'RUST'
		//! Two threads that wait for each other's mutex, and main joins them.
		use std::sync::{Arc, Barrier, Mutex};
		use std::thread;

		fn cross(first: Arc<Mutex<u32>>, second: Arc<Mutex<u32>>, both: Arc<Barrier>) -> thread::JoinHandle<u32> {
			thread::spawn(move || {
				let a = first.lock().unwrap();
				both.wait();
				let b = second.lock().unwrap();
				*a + *b
			})
		}

		fn main() {
			let (a, b) = (Arc::new(Mutex::new(1)), Arc::new(Mutex::new(2)));
			let both = Arc::new(Barrier::new(2));
			let one = cross(a.clone(), b.clone(), both.clone());
			let two = cross(b, a, both);
			println!("{}", one.join().unwrap() + two.join().unwrap());
		}
	RUST
}

write_node() { # FILE
	cat >"$1" <<-'NODE'
		// An HTTP server on the port given; /busy computes for three seconds before it answers.
		const server = require("http").createServer((request, response) => {
			const end = Date.now() + (request.url === "/busy" ? 3000 : 0);
			while (Date.now() < end);
			response.end("served\n");
		});
		server.listen(Number(process.argv[2]), "127.0.0.1");
	NODE
}

run_as() { # NAME COMMAND...
	local name=$1
	shift
	"$@" </dev/null >"$work/$name.log" 2>&1 &
	pids[$name]=$!
}

# want NAME PROGRAM PACKAGE: false, and noted why, where it cannot be had.
want() {
	need "$2" "$3" && return
	missing[$1]=$skipped
	skipped=''
	return 1
}

# ---- what stalls

compile() {
	gcc -pthread -O1 -o "$work/deadlock" "$programs/deadlock.c" || missing[c]="gcc: $?"
	want musl musl-gcc musl-tools && { musl-gcc -static -O1 -o "$work/deadlock-musl" "$programs/deadlock.c" || missing[musl]="musl-gcc: $?"; }
	if command -v rustc >/dev/null; then
		write_rust "$work/deadlock.rs"
		rustc -o "$work/deadlock-rust" "$work/deadlock.rs" || missing[rust]="rustc: $?"
	else
		missing[rust]='there is no rustc'
	fi
	if want java javac default-jdk-headless; then
		mkdir -p "$work/java"
		write_java "$work/java/Deadlock.java"
		javac -d "$work/java" "$work/java/Deadlock.java" || missing[java]="javac: $?"
	fi
} >"$work/compile.log" 2>&1

# musl writes 16 into every lock that is not recursive: in a container, that is some thread's number.
start_musl() {
	run_as musl-recursive "$work/deadlock-musl" recursive join
	run_as musl-normal "$work/deadlock-musl" normal join
	# Once it is one of the two that wait, once it is the main thread.
	# shellcheck disable=SC2016
	for command in 'exec "$0" normal serve' '"$0" normal serve & wait'; do
		run_as "sixteen-${#command}" unshare --fork --pid --kill-child sh -c "echo 15 >/proc/sys/kernel/ns_last_pid; $command" \
			"$work/deadlock-musl"
	done
}

start_deadlocks() {
	if [ -z "${missing[c]:-}" ]; then
		run_as c-join "$work/deadlock" normal join
		run_as c-serve "$work/deadlock" normal serve
	fi
	[ -n "${missing[musl]:-}" ] || start_musl
	[ -n "${missing[rust]:-}" ] || run_as rust "$work/deadlock-rust"
	if [ -z "${missing[java]:-}" ]; then
		run_as java java -cp "$work/java" Deadlock monitors
		run_as java-idle java -cp "$work/java" Deadlock idle
	fi
}

# Started by a shell in the background it would ignore SIGINT; by anybody else it handles it.
start_python() {
	local python mode
	python=$(real_python)
	[ -n "$python" ] || { missing[python]='there is no python3'; return; }
	for mode in threads processes event pool; do
		run_as "python-$mode" env --default-signal=INT "$python" "$programs/locks.py" $mode
	done
	run_as python-ignoring "$python" "$programs/locks.py" threads
	ports[python]=$(free_port)
	run_as python-server "$python" -m http.server --bind 127.0.0.1 --directory "$work" "${ports[python]}"
}

start_servers() {
	if want redis redis-server redis-tools; then
		ports[redis]=$(free_port)
		start_redis "${ports[redis]}" setsid
		pids[redis]=$redis_pid
	fi
	if want nginx nginx nginx-light; then
		ports[nginx]=$(free_port)
		start_nginx "${ports[nginx]}"
		wait_until 5 eval '[ "$(pgrep -P "$nginx_pid" | wc -l)" -eq 2 ]'
		pids[nginx]=$nginx_pid
		read -r -d '' "pids[nginx-stopped]" "pids[nginx-other]" < <(pgrep -P "$nginx_pid")
	fi
	if want node node nodejs; then
		write_node "$work/server.js"
		for one in node node-idle node-first; do
			ports[$one]=$(free_port)
			run_as $one setsid "$(node -p process.execPath)" "$work/server.js" "${ports[$one]}"
		done
	fi
	if [ -z "${missing[postgres]:-}" ]; then
		start_postgres
		pids[postmaster]=$postmaster
	fi
}

# ---- what only waits

start_waiting() {
	mkfifo "$work/fifo"
	run_as tail tail -f "$work/none.conf"
	run_as sleep sleep 1000
	run_as cat-open cat "$work/fifo"
	cat < <(sleep 1000) &
	pids[cat-read]=$!
	bash -c 'read -r line' < <(sleep 1001) &
	pids[bash-read]=$!
	printf 'all:\n\tsleep 1000\n' >"$work/Makefile.wait"
	want make make make && run_as make make -f "$work/Makefile.wait"
	run_as xargs xargs -a "$work/Makefile.wait" -n 1 sh -c 'sleep 1000'
	want ssh-agent ssh-agent openssh-client && run_as ssh-agent ssh-agent -D -a "$work/agent"
	run_as flock-holder flock "$work/lock" sleep 1.5
	sleep 0.1
	run_as flock-waiter flock "$work/lock" true
}

# Two sessions that sleep (one of them with a row locked), one that waits for the row, and one that computes.
start_queries() {
	[ -z "${missing[postgres]:-}" ] || return
	sql 'create table t (id int primary key, n int); insert into t values (1, 1)'
	sql 'begin; update t set n = 2 where id = 1; select pg_sleep(5); commit' >"$work/psql.log" &
	sleep 0.2
	sql 'update t set n = 3 where id = 1' &
	sql 'select pg_sleep(4)' >"$work/psql.log" &
	sql "do \$\$ declare stop timestamptz := clock_timestamp() + interval '4s';
		begin while clock_timestamp() < stop loop end loop; end \$\$" &
}
