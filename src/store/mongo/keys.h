/*
 * The keys that an organization or account is taking: whether they are free. The caller holds the lock of
 * the key (locks.h), so that what is free stays so.
 */
#ifndef ORGD_STORE_MONGO_KEYS_H
#define ORGD_STORE_MONGO_KEYS_H

#include "base/str.h"
#include "store/mongo/change.h"

/* ST_OK: no organization but the change's own has it; ST_NAME_TAKEN. Where one has it that is about to go,
 * waits for that, or brings it to its end where nobody is at it any more; ST_BUSY at the deadline. */
MUST_CHECK enum status keys_name_free(const struct change *change, struct str name_key);

/* The same for an address: no account but this one has it; ST_EMAIL_TAKEN. */
MUST_CHECK enum status keys_email_free(const struct change *change, struct str email_key,
                                       const struct oid *account_id);

/* Whether an organization other than the change's own has the slug. */
MUST_CHECK enum status keys_slug_held(const struct change *change, struct str slug, bool *ret_held);

/* plain with '_' and six random hex digits behind it, locked. ST_BUSY: none could be locked. */
MUST_CHECK enum status keys_lock_suffixed(struct change *change, struct str plain,
                                          struct str *ret_slug);

/* The collection of a slug. */
struct str keys_collection(const struct change *change, struct str slug);

/* Whether a collection that is there already may become the organization's: it is empty, and no other
 * organization's. */
MUST_CHECK enum status keys_collection_free(const struct change *change, struct str collection,
                                            bool *ret_free);

/* What an account belongs to: nothing, only organizations that are being made or deleted (passing is one
 * of them), or one that stays. own_stays: whether the change's own organization is one of those; otherwise
 * it isn't counted at all. */
enum belongs { BELONGS_NOWHERE, BELONGS_PASSING, BELONGS };
struct belonging {
    enum belongs belongs;
    struct oid passing;
};
MUST_CHECK enum status keys_account_belongs(const struct change *change,
                                            const struct oid *account_id, bool own_stays,
                                            struct belonging *ret_belonging);

#endif
