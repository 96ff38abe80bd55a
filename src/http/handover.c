/* What other threads hand to a loop: its lists, under its mutex, and the eventfd that tells of them. */
#include "http/internal.h"

#include <unistd.h>

void loop_wake(struct loop *loop)
{
    uint64_t one = 1;

    /* The counter can't overflow, and a full one wakes just as well. */
    ssize_t ignored = write(loop->wake_fd, &one, sizeof(one));

    (void)ignored;
}

void loop_add(struct loop *loop, struct conn *conn)
{
    (void)atomic_fetch_add(&loop->conn_count, 1);
    (void)pthread_mutex_lock(&loop->mutex);
    conn->next = loop->incoming;
    loop->incoming = conn;
    (void)pthread_mutex_unlock(&loop->mutex);
    loop_wake(loop);
}

void loop_finish(struct loop *loop, struct exchange *ex)
{
    (void)pthread_mutex_lock(&loop->mutex);
    if (!loop->done && !loop->ended) {
        loop_wake(loop); /* under the mutex: afterwards the loop may be gone */
    }
    ex->next_done = loop->done;
    loop->done = ex;
    (void)pthread_mutex_unlock(&loop->mutex);
}

void loop_go_on(struct later_home *home, struct later *chain)
{
    struct loop *loop = (struct loop *)((char *)home - offsetof(struct loop, home));

    (void)pthread_mutex_lock(&loop->mutex);
    if (!loop->done && !loop->ended) {
        loop_wake(loop); /* under the mutex: afterwards the loop may be gone */
    }
    *loop->ended_last = chain;
    while (*loop->ended_last) {
        loop->ended_last = &(*loop->ended_last)->next;
    }
    (void)pthread_mutex_unlock(&loop->mutex);
}

struct handed loop_take(struct loop *loop)
{
    struct handed handed;

    (void)pthread_mutex_lock(&loop->mutex);
    handed =
        (struct handed){ .incoming = loop->incoming, .done = loop->done, .ended = loop->ended };
    loop->incoming = NULL;
    loop->done = NULL;
    loop->ended = NULL;
    loop->ended_last = &loop->ended;
    (void)pthread_mutex_unlock(&loop->mutex);
    return handed;
}
