// SPDX-License-Identifier: GPL-2.0-or-later
/* The whole flow on one page: detect -> diagnose -> recover -> monitor. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "core/config.h"
#include "core/log.h"
#include "core/options.h"
#include "core/scope.h"
#include "detect/detect.h"
#include "diagnose/diagnose.h"
#include "host/configfile.h"
#include "host/instance.h"
#include "host/loop.h"
#include "host/sdnotify.h"
#include "host/stdio.h"
#include "host/user.h"
#include "monitor/monitor.h"
#include "recover/recover.h"

struct faultd {
	struct options options;
	struct config *config;
	struct loop *loop;
	struct detect *detect;
	struct recover *recover;
	struct monitor *monitor;
	struct loop_source *output; /* waits for stdout to take more */
	const struct clock *clock;
	bool replaying;
	bool muted;	    /* what comes now is our own failed start */
	bool claimed;	    /* we are the one that acts on this host */
	char exe[PATH_MAX]; /* our own executable */
};

/* ---- monitor */

static void output_ready(void *arg, int fd, uint32_t events);

/* After every line and every wake-up: wait for the reader, or notice that it has gone. */
static void tend_output(struct faultd *f)
{
	int r = monitor_error(f->monitor);

	if (r == -EPIPE) {
		log_notice("nobody reads stdout any more; ending");
		loop_quit(f->loop, 0);
	} else if (r < 0) {
		log_error("cannot write to stdout: %s; what does not fit is lost", strerror(-r));
	}
	if (!monitor_pending(f->monitor) || r == -EPIPE)
		f->output = loop_remove(f->output);
	else if (!f->output)
		loop_add_fd(f->loop, STDOUT_FILENO, EPOLLOUT, output_ready, f, &f->output);
}

static void output_ready(void *arg, int fd, uint32_t events)
{
	struct faultd *f = arg;

	(void)fd;
	(void)events;
	monitor_flush(f->monitor);
	tend_output(f);
}

static void report(void *arg, const struct report *r)
{
	struct faultd *f = arg;

	monitor_report(f->monitor, r);
	/* A replay has no loop to wait in, and no live reader to keep up with. */
	while (f->replaying && monitor_pending(f->monitor) && monitor_flush(f->monitor) != -EPIPE)
		usleep(1000);
	if (!f->replaying)
		tend_output(f);
}

static char *incident_json(void *arg, const struct incident *incident)
{
	const struct faultd *f = arg;
	struct report r = {.type = REPORT_FAULT, .time = incident->time, .incident = incident};
	struct text text = {0};

	sink_json.format(f->monitor, &r, 0, &text);
	return text.s;
}

/* ---- detect -> diagnose -> recover */

/* A child of ours that could not execute what it was to: its failure is the action's, and told there. */
static bool is_failed_start(const struct faultd *f, const struct incident *incident)
{
	return !f->replaying && incident->who.ppid == f->options.self && incident->who.exe &&
	       strcmp(incident->who.exe, f->exe) == 0;
}

static void on_incident(void *arg, struct incident *incident)
{
	struct faultd *f = arg;
	struct report r = {.type = REPORT_FAULT, .time = incident->time, .incident = incident};

	incident->replayed = f->replaying;
	if (f->muted || is_failed_start(f, incident) || !scope_reports(&f->options, f->config, incident))
		return;
	diagnose(incident);
	report(f, &r);
	/* In `run` the rest of the host is the business of the faultd that watches it. */
	if (!f->options.command || incident->followed)
		recover_incident(f->recover, incident);
}

static void on_more(void *arg, struct incident *incident)
{
	struct faultd *f = arg;
	struct report r = {.type = REPORT_DIAGNOSIS, .time = clock_now(f->clock), .incident = incident};

	if (!incident->why.cause)
		return;
	if (diagnose(incident))
		report(f, &r);
}

static bool on_started(void *arg, const struct process *process)
{
	struct faultd *f = arg;
	bool named = config_may_name(f->config, process) || match_any_may(&f->options.match, process);

	if (process->pid == getpid())
		return false;
	recover_process_started(f->recover, process);
	if (named && f->detect)
		detect_watch(f->detect, process->pid, FE_WATCH_NAMED);
	return named;
}

static void on_forked(void *arg, pid_t pid, uint64_t start, pid_t ppid)
{
	struct faultd *f = arg;

	recover_process_forked(f->recover, pid, start, ppid);
}

static void on_leaving(void *arg, const struct process *process)
{
	struct faultd *f = arg;

	recover_process_gone(f->recover, process->pid, process->start);
}

static struct report about_us(const struct faultd *f, enum fault_kind kind)
{
	return (struct report){.type = REPORT_SELF, .time = clock_now(f->clock), .self = {.kind = kind}};
}

static void on_lost(void *arg, const char *program, uint64_t lost, uint64_t total)
{
	struct report r = about_us(arg, FAULT_SELF_LOST_EVENTS);

	r.self.program = program;
	r.self.lost = lost;
	r.self.lost_total = total;
	report(arg, &r);
}

static void tell_feature(void *arg, enum fault_kind kind, const char *feature, const char *consequence)
{
	struct report r = about_us(arg, kind);

	r.self.feature = feature;
	r.self.consequence = consequence;
	report(arg, &r);
}

static void on_blind(void *arg, const char *feature, const char *consequence)
{
	tell_feature(arg, FAULT_SELF_BLIND, feature, consequence);
}

static void on_degraded(void *arg, const char *feature, const char *consequence)
{
	tell_feature(arg, FAULT_SELF_DEGRADED, feature, consequence);
}

static void on_cleared(void *arg, struct incident *incident, uint64_t duration, bool gone)
{
	struct faultd *f = arg;
	struct report r = {.type = REPORT_CLEAR,
			   .time = incident->stall.event->since + duration,
			   .incident = incident,
			   .duration = duration,
			   .gone = gone};

	if (!incident->why.cause)
		return; /* it was not reported either */
	report(f, &r);
	recover_cleared(f->recover, incident, gone);
}

static uint64_t on_stall_threshold(void *arg, const struct process *process, unsigned int kind,
				   bool *ret_named)
{
	struct faultd *f = arg;

	if (process->pid == getpid())
		return 0;
	return scope_stall_threshold(&f->options, f->config, process, (enum stall_kind)kind, ret_named);
}

static struct detect_handler handler(struct faultd *f)
{
	return (struct detect_handler){.arg = f,
				       .incident = on_incident,
				       .more = on_more,
				       .started = on_started,
				       .forked = on_forked,
				       .leaving = on_leaving,
				       .lost = on_lost,
				       .blind = on_blind,
				       .degraded = on_degraded,
				       .cleared = on_cleared,
				       .stall_threshold = on_stall_threshold};
}

/* ---- configuration */

/* Two that act would restart everything twice; one that only looks is welcome beside it. */
static int claim(struct faultd *f, const struct config *config)
{
	bool acts = config->policy_count > 0 && !f->options.dry_run;
	pid_t other = 0;
	int r;

	/* A replay acts on nothing, and `run` on what it started itself. */
	if (f->options.replay || f->options.command || f->claimed)
		return 0;
	r = instance_claim(acts, &other);
	if (r == -EBUSY && acts) {
		log_error("another faultd (pid %d) acts on this host already: stop it, or use --dry-run to "
			  "only watch",
			  (int)other);
		return -EBUSY;
	}
	if (r == -EBUSY)
		log_notice("another faultd (pid %d) runs on this host; this one only watches", (int)other);
	f->claimed = r == 0 && acts;
	return 0;
}

static void reload(void *arg, int signo)
{
	struct faultd *f = arg;
	struct config *config = NULL;
	struct scope_needs needs;

	(void)signo;
	if (configfile_load_all(&f->options, &config) < 0 || claim(f, config) < 0) {
		log_error("the configuration was not reloaded; the old one stays in force");
		config_free(config);
		return;
	}
	recover_reconfigure(f->recover, config);
	config_free(f->config);
	f->config = config;
	scope_needs(&needs, &f->options, f->config);
	detect_set_needs(f->detect, &needs, f->config->overhead_budget);
	if (needs.execs)
		detect_scan_running(f->detect);
	log_notice("configuration reloaded: %zu %s", config->policy_count,
		   config->policy_count == 1 ? "policy" : "policies");
}

/* ---- the two ways to run */

static void stop(void *arg, int signo)
{
	struct faultd *f = arg;

	log_info("ending on %s", signal_name(signo));
	loop_quit(f->loop, 0);
}

static void pass_on(void *arg, int signo)
{
	struct faultd *f = arg;

	recover_run_signal(f->recover, signo);
}

static void command_ended(void *arg, int status, bool given_up)
{
	struct faultd *f = arg;

	if (given_up)
		log_warning("giving up on %s: it keeps failing", f->options.command[0]);
	loop_quit(f->loop, status);
}

static int add_signals(struct faultd *f)
{
	static const int handed_on[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};
	int r = 0;

	if (f->options.command) {
		for (size_t i = 0; r >= 0 && i < sizeof(handed_on) / sizeof(handed_on[0]); i++)
			r = loop_add_signal(f->loop, handed_on[i], pass_on, f, NULL);
		return r;
	}
	r = loop_add_signal(f->loop, SIGINT, stop, f, NULL);
	if (r >= 0)
		r = loop_add_signal(f->loop, SIGTERM, stop, f, NULL);
	if (r >= 0)
		r = loop_add_signal(f->loop, SIGHUP, reload, f, NULL);
	return r;
}

static void say_armed(const struct faultd *f)
{
	unsigned int attached, known;

	detect_coverage(f->detect, &attached, &known);
	log_notice("armed: %u of %u programs attached, %zu %s%s", attached, known, f->config->policy_count,
		   f->config->policy_count == 1 ? "policy" : "policies",
		   f->options.dry_run ? ", dry run" : "");
	sdnotify("READY=1");
}

static int live(struct faultd *f)
{
	struct scope_needs needs;
	struct detect_options options = {.loop = f->loop,
					 .handler = handler(f),
					 .needs = &needs,
					 .overhead_budget = f->config->overhead_budget,
					 .record_path = f->options.record};
	int r = add_signals(f), status;

	scope_needs(&needs, &f->options, f->config);
	if (r >= 0)
		r = detect_open(&f->detect, &options);
	if (r < 0)
		return r == -EOPNOTSUPP ? EXIT_FEATURE : r == -EPERM ? EXIT_PERMISSION : EXIT_FAILURE;
	if (needs.execs)
		detect_scan_running(f->detect);
	say_armed(f);
	if (f->options.command) {
		/* What we start is followed from its fork on: what we watch is ourselves. */
		detect_watch(f->detect, getpid(), FE_WATCH_FOLLOWED);
		r = recover_run(f->recover, f->options.command, command_ended, f);
		if (r < 0) {
			log_error("cannot start %s: %s", f->options.command[0], strerror(-r));
			f->muted = true;
			return r == -ENOENT ? 127 : 126;
		}
	}
	status = loop_run(f->loop);
	sdnotify("STOPPING=1");
	return status < 0 ? EXIT_FAILURE : status;
}

static int replay(struct faultd *f, struct replay *recording)
{
	struct detect_handler h = handler(f);

	return replay_run(recording, &h) < 0 ? EXIT_FAILURE : 0;
}

/* ---- start and end */

static int open_rooms(struct faultd *f, const struct replay_info *info)
{
	char hostname[65] = "";
	struct monitor_options monitor = {
		.format = f->options.output, .fd = STDOUT_FILENO, .clock = f->clock, .hostname = hostname};
	struct recover_options recover = {.loop = f->loop,
					  .config = f->config,
					  .dry_run = f->options.dry_run,
					  .act = !f->replaying,
					  .report = report,
					  .report_arg = f,
					  .incident_json = incident_json,
					  .incident_json_arg = f};
	int r;

	if (info)
		memcpy(hostname, info->hostname, sizeof(hostname));
	else
		gethostname(hostname, sizeof(hostname) - 1);
	monitor.color = isatty(STDOUT_FILENO) && (!getenv("NO_COLOR") || !*getenv("NO_COLOR"));
	r = monitor_new(&f->monitor, &monitor);
	return r < 0 ? r : recover_new(&f->recover, &recover);
}

static int run(struct faultd *f)
{
	struct replay_info info;
	struct replay *recording = NULL;
	int r, status;

	f->replaying = f->options.replay;
	r = loop_new(&f->loop);
	if (r >= 0 && f->replaying) {
		r = replay_open(&recording, f->options.replay, &info);
		if (r < 0)
			return EXIT_FAILURE;
		incident_seed(info.seed);
	} else if (r >= 0) {
		incident_seed(clock_now(loop_clock(f->loop)) ^
			      (uint64_t)loop_clock(f->loop)->realtime_offset);
	}
	if (r >= 0) {
		f->clock = recording ? &info.clock : loop_clock(f->loop);
		r = open_rooms(f, recording ? &info : NULL);
	}
	if (r < 0) {
		log_error("cannot start: %s", strerror(-r));
		status = EXIT_FAILURE;
	} else if (recording) {
		status = replay(f, recording);
	} else {
		status = live(f);
	}
	replay_close(recording);
	return status;
}

static void close_rooms(struct faultd *f)
{
	detect_close(f->detect);
	f->detect = NULL;
	recover_free(f->recover);
	if (f->monitor) {
		/* What was received is printed, unless the reader is stuck. */
		for (int i = 0; i < 100 && monitor_pending(f->monitor) && monitor_flush(f->monitor) != -EPIPE;
		     i++)
			usleep(10000);
		if (monitor_dropped(f->monitor))
			log_warning("%llu lines of the stream were lost",
				    (unsigned long long)monitor_dropped(f->monitor));
	}
	loop_remove(f->output);
	monitor_free(f->monitor);
	loop_free(f->loop);
	config_free(f->config);
	options_free(&f->options);
}

int main(int argc, char **argv)
{
	struct faultd f = {0};
	char *error = NULL;
	int status;

	if (!stdio_fill()) {
		log_error("stdout is closed: the stream has nowhere to go");
		return EXIT_FAILURE;
	}
	match_user_resolver = user_by_name;

	signal(SIGPIPE, SIG_IGN);
	if (options_parse(&f.options, argc, argv, &error) < 0) {
		log_error("%s", error ? error : strerror(ENOMEM));
		free(error);
		options_free(&f.options);
		return EXIT_USAGE;
	}
	if (f.options.help || f.options.version) {
		if (f.options.help)
			options_help(stdout);
		else
			puts("faultd " FAULTD_VERSION);
		options_free(&f.options);
		return fflush(stdout) == 0 ? 0 : EXIT_FAILURE;
	}
	f.options.self = getpid();
	if (readlink("/proc/self/exe", f.exe, sizeof(f.exe) - 1) < 0)
		f.exe[0] = '\0';
	log_max_level += (enum log_level)f.options.verbose;
	status = configfile_load_all(&f.options, &f.config);
	if (status < 0) {
		options_free(&f.options);
		return status == -EINVAL ? EXIT_CONFIG : status == -EDOM ? EXIT_USAGE : EXIT_FAILURE;
	}
	if (f.options.check_config) {
		configfile_print(f.config, stdout);
		status = fflush(stdout) == 0 ? 0 : EXIT_FAILURE;
	} else {
		status = claim(&f, f.config) < 0 ? EXIT_FAILURE : run(&f);
	}
	close_rooms(&f);
	return status;
}
