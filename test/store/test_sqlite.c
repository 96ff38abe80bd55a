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

static void add_membership(void *context, const struct oid *account_id,
                           const struct oid *organization_id)
{
    char account[OID_HEX_LEN + 1];
    char organization[OID_HEX_LEN + 1];
    char sql[512];

    oid_format(account_id, account);
    oid_format(organization_id, organization);
    (void)snprintf(sql, sizeof(sql),
                   "INSERT INTO memberships (account, organization, role)"
                   " SELECT a.number, o.number, 'admin' FROM accounts AS a, organizations AS o"
                   " WHERE a.id = x'%s' AND o.id = x'%s'",
                   account, organization);
    help_sql(context, sql);
}

int main(void)
{
    struct place place;
    struct engine engine = {
        .name = "sqlite",
        .context = &place,
        .wipe = wipe,
        .open = open_store,
        .add_membership = add_membership,
    };
    int failures;

    help_init(&place);
    failures = store_suite_run(&engine);
    help_done(&place);
    return failures;
}
