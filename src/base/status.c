/* Status tables, expanded from STATUS_LIST. */
#include "base/status.h"

#include <assert.h>

struct status_row {
    int seed;
    int v1;
    const char *code;
    const char *detail;
};

#define STATUS_ROW(name, seed, v1, code, detail) [name] = { seed, v1, code, detail },
static const struct status_row rows[] = { STATUS_LIST(STATUS_ROW) };
#undef STATUS_ROW

static const struct status_row *row_of(enum status status)
{
    assert(status >= 0 && status < STATUS_COUNT);
    return &rows[status];
}

int status_http_seed(enum status status)
{
    return row_of(status)->seed;
}

int status_http_v1(enum status status)
{
    return row_of(status)->v1;
}

const char *status_code(enum status status)
{
    return row_of(status)->code;
}

const char *status_detail(enum status status)
{
    return row_of(status)->detail;
}
