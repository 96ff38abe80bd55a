/*
 * Two numbers in eight short periods, A B B A A B B A, so that what changes meanwhile meets both. Each two
 * are a round with a vote of its own. A period is as long as what a server may still do of the one before
 * it: SQLite pauses for up to 100 ms.
 */
#include "base/pace.h"

#include <string.h>

#define PERIODS 8
#define TRIED_IN 0x66 /* bits: the periods that the other number has */
#define ROUNDS (PERIODS / 2)
#define PERIOD_US 100000
#define FEW_JOBS 64 /* they say little, where some take much longer than others: */
#define FEW_JOBS_US 1000000
#define PERIOD_MAX_US 10000000 /* longer: too little happens to tell anything */
#define REST_US 3000000        /* between comparisons where neither more nor less was better, */
#define REST_GROWS 4           /* and so again, */
#define REST_LONGEST_US 48000000
#define SHORT_REST_US 200000 /* where nothing could be learned, because too few waited */
#define WATCH_US 1000000     /* what is served meanwhile, so often */
#define OTHER_RATE 2.0  /* so many times as much, or as little: what is known is no longer true */
#define MORE_PAYS 1.10  /* so many times as many jobs a second, in each round */
#define LESS_COSTS 1.05 /* so many times as few at most, */
#define LESS_VOTES 3    /* in so many rounds */

void pace_init(struct pace *pace, size_t least, size_t start, size_t most)
{
    *pace = (struct pace){ .least = least, .most = most, .upward = true, .rest_us = REST_US };
    pace->kept = start < least ? least : start > most ? most : start;
    pace->limit = pace->kept;
}

static bool can_go(const struct pace *pace, bool upward)
{
    return upward ? pace->kept < pace->most : pace->kept > pace->least;
}

static size_t next_number(const struct pace *pace)
{
    size_t number = pace->upward ? pace->kept * 2 : pace->kept / 2;

    return number < pace->least ? pace->least : number > pace->most ? pace->most : number;
}

static void begin_counting(struct pace *pace, int64_t now_us)
{
    pace->begun_us = now_us;
    pace->jobs = 0;
    pace->waited = 0;
}

static void begin_period(struct pace *pace, int64_t now_us)
{
    bool tries = (TRIED_IN >> pace->period) & 1;
    size_t limit = tries ? pace->tried : pace->kept;

    pace->passing = limit == pace->limit ? 0 : limit > pace->limit ? limit : pace->limit;
    pace->limit = limit;
    begin_counting(pace, now_us);
}

static void begin_comparison(struct pace *pace, int64_t now_us)
{
    if (!can_go(pace, pace->upward)) {
        pace->upward = !pace->upward;
        pace->refused = false;
        if (!can_go(pace, pace->upward)) {
            return;
        }
    }
    pace->tried = next_number(pace);
    pace->period = 0;
    pace->agreed = 0;
    begin_period(pace, now_us);
}

static void end_comparison(struct pace *pace, int64_t now_us, int64_t rest_us)
{
    pace->tried = 0;
    pace->limit = pace->kept;
    pace->rests_until_us = now_us + rest_us;
    pace->usual_rate = 0;
    begin_counting(pace, now_us);
}

static void keep_tried(struct pace *pace, int64_t now_us)
{
    pace->kept = pace->tried;
    pace->refused = false;
    pace->rest_us = REST_US;
    end_comparison(pace, now_us, 0);
}

/* The other way is next; behind a rest, where that was refused, too. */
static void refuse_tried(struct pace *pace, int64_t now_us)
{
    int64_t rest_us = 0;

    if (pace->refused || !can_go(pace, !pace->upward)) {
        rest_us = pace->rest_us;
        pace->rest_us =
            REST_GROWS * rest_us < REST_LONGEST_US ? REST_GROWS * rest_us : REST_LONGEST_US;
    }
    pace->refused = rest_us == 0;
    pace->upward = !pace->upward;
    end_comparison(pace, now_us, rest_us);
}

static double rate(const struct pace_side *side)
{
    return (double)side->jobs / (double)side->us;
}

/*
 * More has to be better each time: others pay for it, with longer answers, and a rate that scatters by a
 * third says once in a while what isn't so. Less has to be as good most of the time.
 */
static void end_round(struct pace *pace, int64_t now_us)
{
    double gain = rate(&pace->sides[true]) / rate(&pace->sides[false]);
    unsigned rounds = pace->period / 2;
    unsigned needed = pace->upward ? ROUNDS : LESS_VOTES;

    pace->agreed += gain >= (pace->upward ? MORE_PAYS : 1 / LESS_COSTS);
    if (pace->agreed == needed) {
        keep_tried(pace, now_us);
    } else if (rounds - pace->agreed > ROUNDS - needed) {
        refuse_tried(pace, now_us);
    } else {
        begin_period(pace, now_us);
    }
}

/* Only where jobs wait under the smaller number is it what holds them. */
static bool tells_something(const struct pace *pace, bool tries)
{
    bool is_smaller = tries != pace->upward;

    return !is_smaller || 4 * pace->waited >= 3 * pace->jobs;
}

static void end_period(struct pace *pace, int64_t now_us)
{
    bool tries = (TRIED_IN >> pace->period) & 1;

    if (!tells_something(pace, tries)) {
        end_comparison(pace, now_us, SHORT_REST_US);
        return;
    }
    pace->sides[tries] = (struct pace_side){ .us = now_us - pace->begun_us, .jobs = pace->jobs };
    pace->period++;
    if (pace->period % 2 == 0) {
        end_round(pace, now_us);
    } else {
        begin_period(pace, now_us);
    }
}

static bool is_long_enough(const struct pace *pace, int64_t now_us)
{
    int64_t us = now_us - pace->begun_us;

    return us >= (pace->jobs < FEW_JOBS ? FEW_JOBS_US : PERIOD_US) && pace->jobs >= 2 * pace->limit;
}

/* A rest ends early where another load, or another server as it seems, is served at another rate. */
static void watch(struct pace *pace, int64_t now_us)
{
    double served = (double)pace->jobs / (double)(now_us - pace->begun_us);
    bool is_full = 4 * pace->waited >= 3 * pace->jobs && pace->jobs >= FEW_JOBS;

    if (is_full && pace->usual_rate == 0) {
        pace->usual_rate = served;
    } else if (is_full &&
               (served > OTHER_RATE * pace->usual_rate || served < pace->usual_rate / OTHER_RATE)) {
        pace->rests_until_us = now_us;
        pace->rest_us = REST_US;
    }
    begin_counting(pace, now_us);
}

static void rest(struct pace *pace, int64_t now_us)
{
    if (now_us - pace->begun_us >= WATCH_US) {
        watch(pace, now_us);
    }
    if (now_us >= pace->rests_until_us) {
        begin_comparison(pace, now_us);
    }
}

void pace_done(struct pace *pace, int64_t now_us, bool waits)
{
    if (pace->tried == 0) {
        pace->jobs++;
        pace->waited += waits;
        rest(pace, now_us);
        return;
    }
    if (now_us - pace->begun_us > PERIOD_MAX_US) {
        end_comparison(pace, now_us, SHORT_REST_US);
        return;
    }
    if (pace->passing > 0) {
        pace->passing--;
        pace->begun_us = now_us;
        return;
    }
    pace->jobs++;
    pace->waited += waits;
    if (is_long_enough(pace, now_us)) {
        end_period(pace, now_us);
    }
}
