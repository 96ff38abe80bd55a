/* The forms of Extended JSON v2, a row for each; store/mongo/extended_json_forms.c has the same
 * ones. */
#include "json/extended.h"

#include <stddef.h>

#define MEMBERS_MAX 2

enum kind {
    KIND_TEXT,
    KIND_INTEGER, /* or the form of one */
    KIND_TRUE,
    KIND_OBJECT, /* any */
    KIND_INNER,  /* an object with exactly the members of inner */
};

struct form;

struct form_member {
    const char *name; /* NULL: there is none */
    enum kind kind;
    const struct form *inner;
};

struct form {
    struct form_member members[MEMBERS_MAX];
};

static const struct form oid = { { { "$oid", KIND_TEXT, NULL } } };
static const struct form int32 = { { { "$numberInt", KIND_TEXT, NULL } } };
static const struct form int64 = { { { "$numberLong", KIND_TEXT, NULL } } };
static const struct form binary = {
    { { "base64", KIND_TEXT, NULL }, { "subType", KIND_TEXT, NULL } },
};
static const struct form timestamp = {
    { { "t", KIND_INTEGER, NULL }, { "i", KIND_INTEGER, NULL } },
};
static const struct form expression = {
    { { "pattern", KIND_TEXT, NULL }, { "options", KIND_TEXT, NULL } },
};
static const struct form pointer = {
    { { "$ref", KIND_TEXT, NULL }, { "$id", KIND_INNER, &oid } },
};

static const struct form forms[] = {
    { { { "$oid", KIND_TEXT, NULL } } },
    { { { "$date", KIND_TEXT, NULL } } },
    { { { "$date", KIND_INNER, &int64 } } },
    { { { "$numberInt", KIND_TEXT, NULL } } },
    { { { "$numberLong", KIND_TEXT, NULL } } },
    { { { "$numberDouble", KIND_TEXT, NULL } } },
    { { { "$numberDecimal", KIND_TEXT, NULL } } },
    { { { "$binary", KIND_INNER, &binary } } },
    { { { "$uuid", KIND_TEXT, NULL } } },
    { { { "$timestamp", KIND_INNER, &timestamp } } },
    { { { "$regularExpression", KIND_INNER, &expression } } },
    { { { "$dbPointer", KIND_INNER, &pointer } } },
    { { { "$symbol", KIND_TEXT, NULL } } },
    { { { "$code", KIND_TEXT, NULL } } },
    { { { "$code", KIND_TEXT, NULL }, { "$scope", KIND_OBJECT, NULL } } },
    { { { "$undefined", KIND_TRUE, NULL } } },
    { { { "$minKey", KIND_INTEGER, NULL } } },
    { { { "$maxKey", KIND_INTEGER, NULL } } },
};

/* Recurses as deep as the table. */
static bool has_form(const json_t *value, const struct form *form);

static bool is_member(const json_t *value, const struct form_member *member)
{
    switch (member->kind) {
    case KIND_TEXT:
        return json_is_string(value);
    case KIND_INTEGER:
        return json_is_integer(value) || has_form(value, &int32) || has_form(value, &int64);
    case KIND_TRUE:
        return json_is_true(value);
    case KIND_OBJECT:
        return json_is_object(value);
    case KIND_INNER:
    default:
        return has_form(value, member->inner);
    }
}

static bool has_form(const json_t *value, const struct form *form)
{
    size_t count = 0;

    while (count < MEMBERS_MAX && form->members[count].name) {
        const struct form_member *member = &form->members[count];

        if (!is_member(json_object_get(value, member->name), member)) {
            return false;
        }
        count++;
    }
    return json_object_size(value) == count;
}

bool json_is_extended(const json_t *value)
{
    size_t size = json_object_size(value); /* 0 where it is no object */

    if (size == 0 || size > MEMBERS_MAX) {
        return false;
    }
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        if (has_form(value, &forms[i])) {
            return true;
        }
    }
    return false;
}
