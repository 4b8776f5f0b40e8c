// SPDX-License-Identifier: GPL-2.0-or-later
// faultgen makes real faults on demand; this file is its command line.
#define _GNU_SOURCE 1
#include "faultgen.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#ifndef FAULTD_VERSION
#define FAULTD_VERSION "0.1.0"
#endif

static const struct family *const families[] = {
	&memory_family,	  &bus_family,	   &abort_family,   &trap_family, &limit_family,
	&signal_family,	  &handler_family, &process_family, &oom_family,  &exit_family,
	&deadlock_family, &lock_family,	   &io_family,	    &wait_family, &loop_family,
	&cpu_family,	  &stop_family,	   &alike_family,   &load_family,
};

#define FAMILY_COUNT (sizeof(families) / sizeof(families[0]))

/* The commands that stand where a fault's name could; they count when a name was misspelt. */
static const char *const commands[] = {"list", "truth"};

const struct fault *find_fault(const char *name)
{
	for (size_t i = 0; i < FAMILY_COUNT; i++) {
		for (const struct fault *fault = families[i]->faults; fault->name; fault++) {
			if (strcmp(fault->name, name) == 0)
				return fault;
		}
	}
	return NULL;
}

/* Levenshtein distance to b, which is one of our own names. */
static unsigned int distance(const char *a, const char *b)
{
	unsigned int row[64];
	size_t width = strlen(b);

	if (width >= sizeof(row) / sizeof(row[0]))
		return UINT_MAX;
	for (size_t j = 0; j <= width; j++)
		row[j] = (unsigned int)j;
	for (size_t i = 1; a[i - 1]; i++) {
		unsigned int diagonal = row[0];

		row[0] = (unsigned int)i;
		for (size_t j = 1; j <= width; j++) {
			unsigned int best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[width];
}

static const char *closest(const char *name)
{
	unsigned int best = UINT_MAX;
	const char *found = "list";

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (distance(name, commands[i]) < best) {
			best = distance(name, commands[i]);
			found = commands[i];
		}
	}
	for (size_t i = 0; i < FAMILY_COUNT; i++) {
		for (const struct fault *fault = families[i]->faults; fault->name; fault++) {
			if (distance(name, fault->name) < best) {
				best = distance(name, fault->name);
				found = fault->name;
			}
		}
	}
	return found;
}

static const struct fault *need_fault(const char *name)
{
	const struct fault *fault = find_fault(name);

	if (!fault)
		bad_usage("unknown fault '%s'; did you mean '%s'? ('faultgen list' prints them all)", name,
			  closest(name));
	return fault;
}

static void print_list(void)
{
	size_t width = 0;
	char usage[64];

	for (size_t i = 0; i < FAMILY_COUNT; i++) {
		for (const struct fault *fault = families[i]->faults; fault->name; fault++) {
			size_t length = strlen(fault->name) + 1 + strlen(fault->args.usage);

			if (length > width)
				width = length;
		}
	}
	for (size_t i = 0; i < FAMILY_COUNT; i++) {
		printf("%s%s\n", i ? "\n" : "", families[i]->title);
		for (const struct fault *fault = families[i]->faults; fault->name; fault++) {
			snprintf(usage, sizeof(usage), "%s %s", fault->name, fault->args.usage);
			printf("  %-*s  %s\n", (int)width, usage, fault->summary);
		}
	}
}

static void print_truth_of(const struct fault *fault)
{
	const struct truth *truth = &fault->truth;

	printf("%s\t%s\t%s\t%s\n", fault->name, truth->kind, truth->cause, truth->extra);
}

/* Those that last are asked for by themselves: who makes all faults does not want to wait for each. */
static void print_truths(bool lasting)
{
	for (size_t i = 0; i < FAMILY_COUNT; i++) {
		for (const struct fault *fault = families[i]->faults; fault->name; fault++) {
			if (fault->truth.kind && fault->args.lasts == lasting)
				print_truth_of(fault);
		}
	}
}

static void print_truth(const char *name)
{
	const struct fault *one;

	if (!name || strcmp(name, "--stalls") == 0) {
		print_truths(name != NULL);
		return;
	}
	one = need_fault(name);

	if (!one->truth.kind)
		bad_usage("'%s' has no truth of its own", name);
	print_truth_of(one);
}

static void print_help(void)
{
	fputs("Usage: faultgen [OPTION]... NAME [ARG]...   make the fault NAME, for real, in this process\n"
	      "       faultgen list                        every fault and what it does\n"
	      "       faultgen truth [--stalls | NAME]     what faultd should report: NAME KIND CAUSE "
	      "EXTRA,\n"
	      "                                            separated by tabs; KIND - means nothing at all;\n"
	      "                                            without NAME only of faults that last, or of "
	      "all others\n"
	      "\n"
	      "A fault that takes SECONDS lasts for that long (30 unless told otherwise) and then ends with "
	      "status 0;\n"
	      "it prints PID N for each process that stalls, or that looks like it.\n"
	      "\n"
	      "      --core      let the fault leave a core dump\n"
	      "  -v, --verbose   name the processes involved on stderr\n"
	      "  -h, --help      print this and exit\n"
	      "  -V, --version   print the version and exit\n"
	      "\n"
	      "The exit status is that of the fault (128 plus the signal, as the shell sees it), 2 for "
	      "wrong\n"
	      "usage, 70 if the fault was survived, 77 if it cannot be made here.\n",
	      stdout);
}

/* Output that did not reach its reader is a failure, as in every other tool. */
static int finish_output(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return EXIT_SUCCESS;
	fprintf(stderr, "faultgen: cannot write to stdout: %s\n", strerror(errno));
	return EXIT_FAILURE;
}

/* A caller may have left signals ignored or blocked (nohup, Python's SIGPIPE); the faults need them. */
static void reset_signals(void)
{
	sigset_t none;

	for (int number = 1; number <= SIGRTMAX; number++)
		signal(number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static int count_args(char **args)
{
	int count = 0;

	while (args[count])
		count++;
	return count;
}

static void check_args(const struct fault *fault, int count)
{
	if (count >= fault->args.least && count <= fault->args.most)
		return;
	bad_usage("usage: faultgen %s%s%s", fault->name, *fault->args.usage ? " " : "", fault->args.usage);
}

static void run_hidden(char **argv)
{
	if (strcmp(argv[1], HIDDEN_NULL_READ) == 0)
		null_read();
	if (strcmp(argv[1], HIDDEN_HOSTILE_NAME) == 0) {
		prctl(PR_SET_NAME, "\x1b[31mevil\n{\"}");
		null_read();
	}
}

static const struct option options[] = {
	{"core", no_argument, NULL, 'c'}, {"verbose", no_argument, NULL, 'v'},
	{"help", no_argument, NULL, 'h'}, {"version", no_argument, NULL, 'V'},
	{NULL, no_argument, NULL, 0},
};

int main(int argc, char **argv)
{
	const struct fault *fault;
	bool core = false;
	int option;

	if (argc > 1 && argv[1][0] == '@')
		run_hidden(argv);

	run.program = argc ? argv[0] : NULL;
	while ((option = getopt_long(argc, argv, "+vhV", options, NULL)) != -1) {
		switch (option) {
		case 'c': core = true; break;
		case 'v': run.verbose = true; break;
		case 'h': print_help(); return finish_output();
		case 'V': puts("faultgen " FAULTD_VERSION); return finish_output();
		default: fputs("Try 'faultgen --help'.\n", stderr); return FAULTGEN_USAGE;
		}
	}
	if (optind >= argc)
		bad_usage("which fault? ('faultgen list' prints them all)");
	run.args = argv + optind + 1;

	if (strcmp(argv[optind], "list") == 0 || strcmp(argv[optind], "truth") == 0) {
		bool truth = argv[optind][0] == 't';

		if (count_args(run.args) > (truth ? 1 : 0))
			bad_usage("usage: faultgen %s", truth ? "truth [--stalls | NAME]" : "list");
		if (truth)
			print_truth(run.args[0]);
		else
			print_list();
		return finish_output();
	}

	fault = need_fault(argv[optind]);
	check_args(fault, count_args(run.args));
	run.name = fault->name;
	limit_resource(RLIMIT_CORE, core ? ULONG_MAX : 0);
	reset_signals();
	say("%s", "");
	fault->make();
	survived();
}
