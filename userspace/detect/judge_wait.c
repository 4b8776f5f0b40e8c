// SPDX-License-Identifier: GPL-2.0-or-later
/* Judges of threads that wait for locks: deadlocks, and locks whose owner does not let go. */
#include <signal.h>
#include <string.h>

#include "detect/suspect.h"
#include "host/thread.h"

bool same_sleep(struct suspect *suspect, const struct fe_suspect *seen)
{
	return seen->switches == suspect->last.switches && seen->state == suspect->last.state;
}

/* A signal or a freezer may have woken it: it is as stuck as before if it went back to the same wait. */
static bool same_wait(struct suspect *suspect, const struct fe_suspect *seen)
{
	if (same_sleep(suspect, seen))
		return true;
	if (seen->state != 'S' || seen->syscall != suspect->last.syscall ||
	    seen->args[0] != suspect->last.args[0] || seen->args[2] != suspect->last.args[2])
		return false;
	/* Or it had the lock meanwhile. Until it is convicted, only the wait that it is in now counts. */
	if (!suspect->convicted)
		suspect->since = seen->since;
	return true;
}

enum { RETRIES = 2 };

static bool readable(const struct fe_suspect *seen)
{
	return !(seen->flags & (FE_SEEN_MM_BUSY | FE_SEEN_EXITING)) &&
	       (!(seen->flags & FE_SEEN_MM_UNKNOWN) || locks_readable((pid_t)seen->pid));
}

static bool read_lock(struct lock_wait *ret, const struct fe_suspect *seen)
{
	return readable(seen) &&
	       locks_read(ret, (pid_t)seen->pid, (pid_t)seen->tid, seen->syscall, seen->args, seen->since);
}

/* Idle threads wait on futexes as well: only those whose word names an owner are followed. */
static bool begin_futex(struct suspect *suspect, const struct fe_suspect *seen)
{
	struct lock_census census = {0};
	struct lock_wait wait;

	suspect->all_wait = seen->suspicion == FE_SUSPECT_ALL_WAIT &&
			    !(seen->flags & (FE_SEEN_TIMERS | FE_SEEN_MM_SHARED));
	if (!readable(seen))
		return true; /* there will be a better moment to read it */
	if (suspect->all_wait)
		suspect->all_wait = locks_census(&census, (pid_t)seen->pid) == 0 && census.all_wait;
	if (!read_lock(&wait, seen))
		return suspect->all_wait;
	suspect->owner_tid = wait.owner_tid;
	return suspect->all_wait || wait.type != FE_LOCK_JOIN;
}

static struct fe_member *copy_member(struct draft *draft, const struct fe_member *from, enum fe_role role)
{
	struct fe_member *to;

	if (draft->member_count == FE_MEMBERS_MAX)
		return NULL;
	to = &draft->members[draft->member_count++];
	*to = *from;
	to->role = role;
	return to;
}

struct fe_member *draft_member(struct draft *draft, enum fe_role role, pid_t pid, pid_t tid)
{
	struct fe_member member = {.pid = (uint32_t)pid, .tid = (uint32_t)tid, .syscall = ~0U};
	struct thread_info info;

	if (thread_read(&info, pid, tid) == 0) {
		member.state = (uint32_t)info.state;
		member.policy = info.policy;
		memcpy(member.comm, info.name, FE_COMM_SIZE);
	}
	return copy_member(draft, &member, role);
}

static void put_lock(struct draft *draft)
{
	const struct lock_chain *chain = &draft->chain;

	draft->event.lock = chain->members[0].lock;
	draft->event.lock_type = chain->members[0].lock_type;
	draft->event.owner_tid = chain->members[0].owner_tid;
	if (chain->members[0].owner_tid)
		draft->event.owner_pid = chain->count > 1 ? chain->members[1].pid : chain->members[0].pid;
}

void draft_chain(struct draft *draft)
{
	put_lock(draft);
	for (unsigned int i = 1; i < draft->chain.count; i++)
		copy_member(draft, &draft->chain.members[i], FE_ROLE_CHAIN);
}

/* Signals that a process handles, and that only say that it crashes, or come from within. */
static const uint64_t harmless =
	1ULL << (SIGILL - 1) | 1ULL << (SIGTRAP - 1) | 1ULL << (SIGABRT - 1) | 1ULL << (SIGBUS - 1) |
	1ULL << (SIGFPE - 1) | 1ULL << (SIGSEGV - 1) | 1ULL << (SIGPIPE - 1) | 1ULL << (SIGXCPU - 1) |
	1ULL << (SIGXFSZ - 1) | 1ULL << (SIGSYS - 1) | 1ULL << (SIGSTKFLT - 1) | 3ULL << 31 /* glibc's own */;
/* Python handles this one unless told otherwise: nobody's way to make progress. */
static const uint64_t interrupts = 1ULL << (SIGINT - 1) | 1ULL << (SIGQUIT - 1);

static int add_waiting(void *arg, pid_t tid)
{
	struct draft *draft = arg;
	struct fe_member *member = draft_member(draft, FE_ROLE_CYCLE, (pid_t)draft->event.id.pid, tid);
	struct thread_call call;

	if (!member)
		return 1;
	if (thread_call(&call, (pid_t)draft->event.id.pid, tid) == 0 && call.in_syscall) {
		member->syscall = call.nr;
		member->lock = call.args[0];
		member->lock_type = FE_LOCK_FUTEX;
	}
	return 0;
}

/* No thread is left that could wake another: from outside of the process only a signal could, and its
 * handler. */
static enum judgement judge_all_wait(struct suspect *suspect, struct draft *draft)
{
	struct lock_census census = {0};
	uint64_t caught, ignored;

	if (suspect->last.flags & (FE_SEEN_TIMERS | FE_SEEN_MM_SHARED) ||
	    thread_signals((pid_t)suspect->last.pid, &caught, &ignored) < 0 ||
	    thread_has_timers((pid_t)suspect->last.pid) ||
	    locks_census(&census, (pid_t)suspect->last.pid) < 0 || !census.all_wait || census.in_cycle)
		return ACQUIT;
	caught &= ~harmless;
	if (caught & ~interrupts || (caught && census.threads == 1))
		return ACQUIT;
	draft->event.flags |= FE_STALL_ALL_WAIT | (caught ? FE_STALL_HANDLERS : 0);
	draft->event.others = census.threads - 1;
	thread_each((pid_t)suspect->last.pid, add_waiting, draft);
	return CONVICT;
}

static enum judgement judge_futex(struct suspect *suspect, struct probes *probes, struct draft *draft)
{
	struct lock_chain *chain = &draft->chain;

	(void)probes;
	if (!readable(&suspect->last))
		return WAIT;
	locks_follow(chain, (pid_t)suspect->last.pid, (pid_t)suspect->last.tid, suspect->last.since);
	if (chain->verdict == LOCKS_CYCLE && chain->cycle == 0) {
		put_lock(draft);
		for (unsigned int i = 0; i < chain->count; i++)
			copy_member(draft, &chain->members[i], FE_ROLE_CYCLE);
		return CONVICT;
	}
	/* It waits for threads that are in a deadlock, or for a dead one, themselves: theirs is told. */
	if (chain->verdict == LOCKS_CYCLE || (chain->verdict == LOCKS_DIED && chain->count > 1))
		return ACQUIT;
	if (chain->verdict == LOCKS_DIED) {
		put_lock(draft);
		draft->event.flags |= FE_STALL_OWNER_DIED;
		return CONVICT;
	}
	if (suspect->all_wait)
		return judge_all_wait(suspect, draft);
	if (chain->verdict != LOCKS_OWNED || chain->members[0].lock_type == FE_LOCK_JOIN)
		return ACQUIT;
	/* No deadlock; if it waits for long, that is told as such. */
	suspect->kind = FE_STALL_LOCK;
	suspect->since = suspect->last.since;
	suspect->owner_tid = (pid_t)chain->members[0].owner_tid;
	return WAIT;
}

static enum judgement judge_owned(struct suspect *suspect, struct probes *probes, struct draft *draft)
{
	struct lock_chain *chain = &draft->chain;

	(void)probes;
	if (!readable(&suspect->last))
		return WAIT;
	locks_follow(chain, (pid_t)suspect->last.pid, (pid_t)suspect->last.tid, suspect->last.since);
	/* Another owner than before: the lock goes from hand to hand. */
	if (chain->verdict != LOCKS_OWNED || chain->members[0].lock_type == FE_LOCK_JOIN ||
	    (pid_t)chain->members[0].owner_tid != suspect->owner_tid)
		return ACQUIT;
	/* Caught between two sleeps, or at its work: the next look tells which. */
	if (chain->members[chain->count - 1].state == 'R' && suspect->retries++ < RETRIES)
		return WAIT;
	draft_chain(draft);
	return CONVICT;
}

const struct judge judge_deadlock = {begin_futex, same_wait, judge_futex, NEEDS_NOTHING, true};
const struct judge judge_lock = {begin_futex, same_sleep, judge_owned, NEEDS_NOTHING, true};
