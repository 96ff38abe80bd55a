/* The contract suite on the SQLite engine. */
#include "sqlite_help.h"

static void wipe(void *context)
{
    help_remove(context);
}

static struct store *open_store(void *context)
{
    return help_open(context);
}

int main(void)
{
    struct place place;
    struct engine engine = {
        .name = "sqlite",
        .context = &place,
        .wipe = wipe,
        .open = open_store,
        .add_membership = help_add_membership,
    };
    int failures;

    help_init(&place);
    failures = store_suite_run(&engine);
    help_done(&place);
    return failures;
}
