/* Two numbers in eight short periods, A B B A A B B A, so that what changes meanwhile meets both. */
#include "base/pace.h"

#include <string.h>

#define PERIODS 8
#define TRIED_IN 0x66 /* bits: the periods that the other number has */
#define PERIOD_US 50000
#define PERIOD_MAX_US 10000000 /* longer: too little happens to tell anything */
#define REST_US 3000000        /* between comparisons where neither more nor less was better */
#define SHORT_REST_US 200000   /* where nothing could be learned, because too few waited */
#define MORE_PAYS 1.10         /* so many times as many jobs a second */
#define LESS_COSTS 1.05        /* so many times as few at most */

void pace_init(struct pace *pace, size_t least, size_t start, size_t most)
{
    *pace = (struct pace){ .least = least, .most = most, .upward = true };
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

static void begin_period(struct pace *pace, int64_t now_us)
{
    bool tries = (TRIED_IN >> pace->period) & 1;
    size_t limit = tries ? pace->tried : pace->kept;

    pace->passing = limit == pace->limit ? 0 : limit > pace->limit ? limit : pace->limit;
    pace->limit = limit;
    pace->begun_us = now_us;
    pace->jobs = 0;
    pace->waited = 0;
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
    memset(pace->sides, 0, sizeof(pace->sides));
    begin_period(pace, now_us);
}

static void end_comparison(struct pace *pace, int64_t now_us, int64_t rest_us)
{
    pace->tried = 0;
    pace->limit = pace->kept;
    pace->begun_us = now_us + rest_us;
}

static double rate(const struct pace_side *side)
{
    return (double)side->jobs / (double)side->us;
}

static void decide(struct pace *pace, int64_t now_us)
{
    double kept = rate(&pace->sides[0]);
    double tried = rate(&pace->sides[1]);
    bool is_better = pace->upward ? tried >= MORE_PAYS * kept : LESS_COSTS * tried >= kept;
    int64_t rest_us = 0;

    if (is_better) {
        pace->kept = pace->tried;
        pace->refused = false;
    } else {
        rest_us = pace->refused || !can_go(pace, !pace->upward) ? REST_US : 0;
        pace->refused = rest_us == 0;
        pace->upward = !pace->upward;
    }
    end_comparison(pace, now_us, rest_us);
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
    pace->sides[tries].us += now_us - pace->begun_us;
    pace->sides[tries].jobs += pace->jobs;
    pace->period++;
    if (pace->period == PERIODS) {
        decide(pace, now_us);
    } else {
        begin_period(pace, now_us);
    }
}

void pace_done(struct pace *pace, int64_t now_us, bool waits)
{
    if (pace->tried == 0) {
        if (now_us >= pace->begun_us) {
            begin_comparison(pace, now_us);
        }
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
    if (now_us - pace->begun_us >= PERIOD_US && pace->jobs >= 2 * pace->limit) {
        end_period(pace, now_us);
    }
}
