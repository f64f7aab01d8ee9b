/* Quiescent-state-based RCU (liburcu) for reader threads: what a thread that reads shared snapshots calls.
 *
 * A reader registers, announces a quiescent state between batches (when it holds no borrowed snapshot), and goes offline while it sleeps.
 * These are liburcu's calls; in ThreadSanitizer builds they also tell the tool what it can't see in an uninstrumented library: that
 * all that readers did before a quiescent state happens before what is done after the grace period.
 */
#pragma once

#include <stdint.h>
#include <urcu/urcu-qsbr.h>

/* Its address stands for grace periods. */
extern const char qsbr_tag;

#if defined(__SANITIZE_THREAD__)
#define QSBR_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define QSBR_TSAN 1
#endif
#endif

#ifdef QSBR_TSAN
#include <sanitizer/tsan_interface.h>

static inline void qsbr_before_quiescent(void)
{
	__tsan_release((void *)(uintptr_t)&qsbr_tag);
}

static inline void qsbr_after_grace(void)
{
	__tsan_acquire((void *)(uintptr_t)&qsbr_tag);
}

static inline void qsbr_before_call(struct rcu_head *head)
{
	__tsan_release(head);
}

static inline void qsbr_in_callback(struct rcu_head *head)
{
	__tsan_acquire(head);
}
#else
static inline void qsbr_before_quiescent(void)
{
}

/* Called by who frees memory, once a grace period is known to be over. */
static inline void qsbr_after_grace(void)
{
}

static inline void qsbr_before_call(struct rcu_head *head)
{
	(void)head;
}

/* The first thing that a callback of qsbr_call does. */
static inline void qsbr_in_callback(struct rcu_head *head)
{
	(void)head;
}
#endif

static inline void qsbr_register(void)
{
	urcu_qsbr_register_thread();
}

static inline void qsbr_unregister(void)
{
	qsbr_before_quiescent();
	urcu_qsbr_unregister_thread();
}

static inline void qsbr_quiescent(void)
{
	qsbr_before_quiescent();
	urcu_qsbr_quiescent_state();
}

/* Before sleeping; no snapshot may be used until qsbr_online. */
static inline void qsbr_offline(void)
{
	qsbr_before_quiescent();
	urcu_qsbr_thread_offline();
}

static inline void qsbr_online(void)
{
	urcu_qsbr_thread_online();
}

/* Waits for a grace period; the caller counts as quiescent. */
static inline void qsbr_synchronize(void)
{
	qsbr_before_quiescent();
	urcu_qsbr_synchronize_rcu();
	qsbr_after_grace();
}

/* Has `callback` called by liburcu's own thread after a grace period. Does not wait; any thread may call it. */
static inline void qsbr_call(struct rcu_head *head, void (*callback)(struct rcu_head *head))
{
	qsbr_before_call(head);
	urcu_qsbr_call_rcu(head, callback);
}
