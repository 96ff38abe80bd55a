/* What a commit's time has room for, how long that and a run usually are, and who is waited for. */
#include "store/sqlite/batch_pace.h"

#define STEP 64         /* a batch moves what is known by one part in so many */
#define REQUEST_RUNS 14 /* a request of all cores, in runs on the writer: 12, and some to spare */
#define SHARE_MIN 4     /* fewer, and commits themselves take the cores */
#define GATHER_PART 2   /* of a commit's time, to wait for who comes back */
#define LATE_PART 8     /* so few of those waited for may be missing, or it was in vain */
#define VAIN_MAX 6      /* one batch of 64 still tries */

/* Half of the batches take longer and half less: one that a disk or another program holds up for long
 * counts for no more than any other. */
static int64_t middle(int64_t before, int64_t value)
{
    int64_t step = before / STEP + 1;

    if (before == 0) {
        return value;
    }
    return value > before ? before + step : value < before ? before - step : before;
}

void batch_pace_learn(struct batch_pace *pace, int64_t run_ns, int64_t commit_ns, size_t count)
{
    pace->run_ns = middle(pace->run_ns, run_ns / (int64_t)count);
    pace->commit_ns = middle(pace->commit_ns, commit_ns);
}

/*
 * As many as all cores together serve while one commit is under way. Running them comes on top of its
 * time, so some of the cores' is left, and who comes with one request finds one that is free. Requests that
 * want more than there is wait for each other at every step.
 */
size_t batch_pace_share(const struct batch_pace *pace)
{
    size_t share = 0;

    if (pace->run_ns > 0) {
        share = (size_t)(pace->commit_ns / pace->run_ns) * pace->cores / REQUEST_RUNS;
    }
    share = share > SHARE_MIN ? share : SHARE_MIN;
    return share < BATCH_MAX ? share : BATCH_MAX;
}

void batch_pace_answered(struct batch_pace *pace, int64_t now_us, size_t answered, size_t waiting)
{
    pace->answered_us = now_us;
    pace->expected = answered + waiting;
}

int64_t batch_pace_gather(struct batch_pace *pace, size_t waiting, size_t most, size_t *ret_wanted)
{
    size_t wanted = pace->expected < most ? pace->expected : most;

    if (waiting >= wanted) {
        return 0;
    }
    if (pace->unwaited > 0) {
        pace->unwaited--;
        return 0;
    }
    *ret_wanted = wanted;
    return pace->answered_us + pace->commit_ns / 1000 / GATHER_PART;
}

/*
 * It pays only where nearly all come. With a fast disk and many clients they don't: the cores need longer for
 * their requests than a commit takes, they come one after another, and each commit takes who is there.
 */
void batch_pace_gathered(struct batch_pace *pace, size_t missing, size_t came)
{
    if (came + missing / LATE_PART >= missing) {
        pace->vain = 0;
        return;
    }
    pace->vain += pace->vain < VAIN_MAX;
    pace->unwaited = 1U << pace->vain;
}
