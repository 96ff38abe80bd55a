/* What tests of a failing server share: writes through the proxy, and how to make them fail. */
#ifndef ORGD_TEST_STORE_MONGO_LOST_H
#define ORGD_TEST_STORE_MONGO_LOST_H

#include "store/mongo_help.h"

/* A test that begins with the fixture, and is skipped by name where there is no server or no proxy. */
#define FIXTURE(f)                                                                                 \
    struct mongo_fixture *f = *state;                                                              \
    if (!f->mongo) {                                                                               \
        skip();                                                                                    \
    }                                                                                              \
    mongo_help_needs_proxy(f);

#define MONGO_TEST(name) static void name(void **state)
#define MONGO(name) cmocka_unit_test_setup(name, mongo_help_reset)

#define FOR_EVER 1000000
#define OVERRUN_MS 2500 /* past a deadline: at most the quick connections' time-outs */

/* A fault, and what is expected of a write that meets it. */
struct fate {
    enum wire_fault fault;
    int code; /* of WIRE_ANSWER and WIRE_REPLACE */
    enum status status;
    bool happens;
};

/* {_id: id, n: n} inserted; {_id: id} gets n, if its n was from (-1: whatever it was); {_id: id} deleted. */
enum status lost_insert(struct mongo_fixture *f, enum mongo_repeat repeat, const char *id, int n);
enum status lost_set_n(struct mongo_fixture *f, enum mongo_repeat repeat, const char *id, int from,
                       int n, int64_t *ret_matched);
enum status lost_delete(struct mongo_fixture *f, enum mongo_repeat repeat, const char *id);

/* The next command meets the fault. */
void lost_arm(struct mongo_fixture *f, const char *command, const struct fate *fate);

/* The next count commands are answered with an error's code. */
void lost_arm_error(struct mongo_fixture *f, const char *command, enum wire_fault fault, int count,
                    int code);

/* The next count commands are executed and answered with: no majority has confirmed it. */
void lost_arm_unconfirmed(struct mongo_fixture *f, const char *command, int count);

#endif
