/* Who sleeps sleeps on a futex; who doesn't is told with all others of the batch. */
#include "store/sqlite/write_op.h"

#include "base/clock.h"
#include "base/later.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define LONGEST_WAIT_MS 100000 /* at once; longer ones take several turns */

/* Of write_op.state. */
enum { OP_WAITING, OP_DONE };

void write_op_init(struct write_op *op, struct writer *writer, struct later *later)
{
    op->writer = writer;
    op->later = later;
    atomic_init(&op->state, OP_WAITING);
}

/*
 * Each caller sleeps on its own operation, so that handing back 64 results wakes 64 threads that have
 * nothing to fight over. Waking an operation that its caller has left meanwhile does no harm: the
 * kernel looks at the address only, and every sleeper checks its own state again.
 */
static void wake(struct write_op *op)
{
    atomic_store_explicit(&op->state, OP_DONE, memory_order_release);
    (void)syscall(SYS_futex, &op->state, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static bool is_done(struct write_op *op)
{
    return atomic_load_explicit(&op->state, memory_order_acquire) == OP_DONE;
}

bool write_op_sleep(struct write_op *op, int64_t deadline_ms)
{
    while (!is_done(op)) {
        int64_t left_ms = deadline_ms - clock_monotonic_ms();
        struct timespec left;

        if (left_ms <= 0) {
            return false;
        }
        left_ms = left_ms < LONGEST_WAIT_MS ? left_ms : LONGEST_WAIT_MS;
        left = (struct timespec){ .tv_sec = left_ms / 1000, .tv_nsec = left_ms % 1000 * 1000000 };
        (void)syscall(SYS_futex, &op->state, FUTEX_WAIT_PRIVATE, OP_WAITING, &left, NULL, 0);
    }
    return true;
}

void write_ops_answer(struct write_op *first, const struct write_op *rest)
{
    struct later *chain = NULL;
    struct later **end = &chain;

    while (first != rest) {
        struct write_op *next = first->next; /* first is gone once its caller knows */

        if (first->later) {
            first->later->status = first->status;
            *end = first->later;
            end = &first->later->next;
        } else {
            wake(first);
        }
        first = next;
    }
    *end = NULL;
    later_end(chain);
}
