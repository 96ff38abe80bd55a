/* Writes through the proxy, and their faults. */
#include "store/mongo_lost.h"

enum status lost_insert(struct mongo_fixture *f, enum mongo_repeat repeat, const char *id, int n)
{
    bson_t *thing = mongo_help_thing(id, n);
    enum status status =
        mongo_insert(f->proxied, &f->call, repeat, C_TEST, (const bson_t *const[]){ thing }, 1);

    bson_destroy(thing);
    return status;
}

enum status lost_set_n(struct mongo_fixture *f, enum mongo_repeat repeat, const char *id, int from,
                       int n, int64_t *ret_matched)
{
    BSON_AUTO filter = BSON_INITIALIZER;
    BSON_AUTO set = BSON_INITIALIZER;

    BCON_APPEND(&filter, "_id", BCON_UTF8(id));
    if (from >= 0) {
        BCON_APPEND(&filter, "n", BCON_INT32(from));
    }
    BCON_APPEND(&set, "$set", "{", "n", BCON_INT32(n), "}");
    return mongo_update(f->proxied, &f->call, repeat, C_TEST, &filter, &set, false, ret_matched);
}

enum status lost_delete(struct mongo_fixture *f, enum mongo_repeat repeat, const char *id)
{
    BSON_AUTO filter = BSON_INITIALIZER;

    BCON_APPEND(&filter, "_id", BCON_UTF8(id));
    return mongo_delete_one(f->proxied, &f->call, repeat, C_TEST, &filter, NULL);
}

void lost_arm_error(struct mongo_fixture *f, const char *command, enum wire_fault fault, int count,
                    int code)
{
    BSON_AUTO reply = BSON_INITIALIZER;

    BCON_APPEND(&reply, "ok", BCON_DOUBLE(0), "code", BCON_INT32(code), "errmsg",
                "as the test says");
    wire_proxy_arm(f->proxy, command, fault, count, &reply);
}

void lost_arm_unconfirmed(struct mongo_fixture *f, const char *command, int count)
{
    BSON_AUTO reply = BSON_INITIALIZER;

    BCON_APPEND(&reply, "ok", BCON_DOUBLE(1), "n", BCON_INT32(1), "nModified", BCON_INT32(1),
                "writeConcernError", "{", "code", BCON_INT32(64), "errmsg", "waiting timed out",
                "}");
    wire_proxy_arm(f->proxy, command, WIRE_REPLACE, count, &reply);
}

void lost_arm(struct mongo_fixture *f, const char *command, const struct fate *fate)
{
    if (fate->fault == WIRE_ANSWER || fate->fault == WIRE_REPLACE) {
        lost_arm_error(f, command, fate->fault, 1, fate->code);
    } else {
        wire_proxy_arm(f->proxy, command, fate->fault, 1, NULL);
    }
}
