/* Names of organizations and addresses, as org/name.h judges them, for the engines. */
#include "app/store_rules.h"

#include "org/name.h"
#include "store/rules.h"

static bool judge_name(struct str text, struct arena *mem, struct rules_name *ret_name)
{
    struct name name;

    if (!name_make_stored(text, mem, &name)) {
        return false;
    }
    *ret_name = (struct rules_name){
        .key = name.key,
        .slug = name.slug,
        .slug_needs_suffix = name.slug_is_hex,
    };
    return true;
}

static bool judge_email(struct str text, struct arena *mem, struct str *ret_key)
{
    return email_make(text, mem, ret_key) == EMAIL_OK;
}

const struct store_rules app_store_rules = { .name = judge_name, .email = judge_email };
