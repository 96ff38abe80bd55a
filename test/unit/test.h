/* What every unit test includes: cmocka with its prerequisites, and TEST with its list. */
#ifndef ORGD_TEST_UNIT_TEST_H
#define ORGD_TEST_UNIT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"

/* A test: a function whose name tells the behaviour, listed with cmocka_unit_test(name) in main. */
#define TEST(name) static void name(void **state __attribute__((unused)))

#define assert_str(actual, expected)                                                               \
    do {                                                                                           \
        struct str actual_ = (actual);                                                             \
        assert_int_equal(actual_.len, strlen(expected));                                           \
        assert_memory_equal(actual_.ptr, expected, actual_.len);                                   \
    } while (0)

#endif
