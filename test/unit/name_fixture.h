/* What the tests of names and slugs share. */
#ifndef ORGD_TEST_UNIT_NAME_FIXTURE_H
#define ORGD_TEST_UNIT_NAME_FIXTURE_H

#include "test.h"

#include <stdlib.h>
#include <string.h>

#define LIMIT_BYTES ((size_t)1024 * 1024)

/* A text of count times unit; freed by the caller. */
static char *repeated(const char *unit, size_t count)
{
    size_t len = strlen(unit);
    char *text = malloc(len * count + 1);

    assert_non_null(text);
    for (size_t i = 0; i < count; i++) {
        memcpy(text + i * len, unit, len);
    }
    text[len * count] = '\0';
    return text;
}

#endif
