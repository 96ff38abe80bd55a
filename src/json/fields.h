/*
 * Decoding by table: a row for each member of an input object, decoded into a struct; what is wrong
 * is collected, all of it at once, in the words of struct invalid.
 *
 *     static const struct json_field create_fields[] = {
 *         { "organization_name", offsetof(struct create_body, name), FIELD_REQUIRED },
 *         { "email", offsetof(struct create_body, email), FIELD_REQUIRED },
 *         { .name = NULL },
 *     };
 */
#ifndef ORGD_JSON_FIELDS_H
#define ORGD_JSON_FIELDS_H

#include "base/arena.h"
#include "base/invalid.h"
#include "base/status.h"
#include "base/str.h"

#include <jansson.h>
#include <stddef.h>

enum field_need { FIELD_REQUIRED, FIELD_OPTIONAL };

/* A member that is text: every member of the seeds' inputs is. */
struct json_field {
    const char *name; /* NULL ends the table */
    size_t offset;    /* of a struct str in the target */
    enum field_need need;
};

/*
 * Decodes body into target. body NULL (an empty one) or not an object: one entry for the whole of
 * "body" (type "missing", "Field required"; or "model_attributes_type", "Input should be a valid
 * object"). A required member that is absent: "missing", "Field required". One that is not a
 * string, null included: "string_type", "Input should be a valid string". Unknown members are
 * ignored; an absent optional member leaves {NULL, 0}; present ones are copied into mem (ptr never
 * NULL).
 *
 * Returns ST_OK or ST_INVALID with the entries added to invalid; members that were fine are decoded
 * even then, so that a caller can go on and judge them, and those that were not are {NULL, 0}.
 */
MUST_CHECK enum status json_fields_decode(const json_t *body, const struct json_field *fields,
                                          struct arena *mem, void *target, struct invalid *invalid);

#endif
