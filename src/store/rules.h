/*
 * The few rules about names that an engine needs for data that another program wrote, handed down
 * by who opens the store (app/app.c, from org/name.h): the rules themselves stay above the engines.
 */
#ifndef ORGD_STORE_RULES_H
#define ORGD_STORE_RULES_H

#include "base/arena.h"
#include "base/str.h"

#include <stdbool.h>

/* What the rules make of an organization's name; strings in the arena. */
struct rules_name {
    struct str key;         /* as compared */
    struct str slug;        /* plain slug; empty where nothing is left */
    bool slug_needs_suffix; /* it reads as an id */
};

struct store_rules {
    /* False where there is nothing that a name could be found by (empty, far too long, a control
     * character, no UTF-8). */
    bool (*name)(struct str text, struct arena *mem, struct rules_name *ret_name);

    /* An address as compared; false where the rules refuse it. */
    bool (*email)(struct str text, struct arena *mem, struct str *ret_key);
};

#endif
