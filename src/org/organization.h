/* Organizations: signing up, looking up, changing, deleting. */
#ifndef ORGD_ORG_ORGANIZATION_H
#define ORGD_ORG_ORGANIZATION_H

#include "base/call.h"
#include "base/invalid.h"
#include "org/input.h"
#include "store/store.h"

struct domain;

struct signup {
    struct input name;
    struct input email;
    struct input password;
};

/* Makes an organization, its administrator and its empty collection. Hashes. Members that are not
 * given (ptr NULL) are the caller's to have reported; the others are judged, all of them at once.
 * ST_INVALID, ST_NAME_TAKEN, ST_EMAIL_TAKEN. */
MUST_CHECK enum status organization_create(struct domain *domain, const struct call *call,
                                           const struct signup *signup, struct invalid *invalid,
                                           struct organization *ret_organization);

/* ST_INVALID, ST_NO_ORGANIZATION. A name that breaks the rules is ST_INVALID only where no
 * organization has it: a seed's may, and update and delete find it by it too. */
MUST_CHECK enum status organization_get(struct domain *domain, const struct call *call,
                                        const struct input *name, struct invalid *invalid,
                                        struct organization *ret_organization);

struct organization_update {
    struct input current_name; /* which one; not given: the caller's */
    struct input new_name;     /* what is not given stays as it is */
    struct input new_email;
    struct input new_password;
};

/* Renames, and changes the caller's credentials, in one step. Hashes. What is as it was is not
 * touched; where all is, nothing is, updated_ms included.
 * ST_INVALID, ST_NO_ORGANIZATION, ST_FORBIDDEN (not the caller's), ST_NEW_NAME_TAKEN, ST_EMAIL_TAKEN,
 * ST_BAD_TOKEN (the caller's password was changed meanwhile). */
MUST_CHECK enum status organization_update(struct domain *domain, const struct call *call,
                                           const struct membership *caller,
                                           const struct organization_update *update,
                                           struct invalid *invalid,
                                           struct organization *ret_organization);

/* ST_INVALID, ST_NO_ORGANIZATION, ST_FORBIDDEN. name not given: the caller's. */
MUST_CHECK enum status organization_delete(struct domain *domain, const struct call *call,
                                           const struct membership *caller,
                                           const struct input *name, struct invalid *invalid);

#endif
