/* One time, which each booking moves on. */
#include "base/bookings.h"

#define SECOND_US 1000000
#define MEAN_OF 16 /* jobs */

void bookings_ended(struct bookings *bookings, int64_t job_us)
{
    if (bookings->job_us == 0) {
        bookings->job_us = job_us > 0 ? job_us : 1;
    } else {
        bookings->job_us += (job_us - bookings->job_us) / MEAN_OF;
    }
}

static int64_t divide_up(int64_t us, size_t by)
{
    return (us + (int64_t)by - 1) / (int64_t)by;
}

int bookings_make(struct bookings *bookings, int64_t now_us, size_t at_once, size_t places)
{
    int64_t served_us = divide_up(bookings->job_us, at_once);
    int64_t taken_us = divide_up(SECOND_US, places);
    int64_t latest_us = now_us + (int64_t)BOOKINGS_LONGEST_S * SECOND_US;
    int64_t at_us = bookings->next_us > now_us ? bookings->next_us : now_us;

    at_us += served_us > taken_us ? served_us : taken_us;
    bookings->next_us = at_us < latest_us ? at_us : latest_us;
    return (int)divide_up(bookings->next_us - now_us, SECOND_US);
}
