/* The look-ups of organizations. */
#include "store/mongo/engine.h"

#include "store/mongo/rows.h"

static enum status find(struct store *store, const struct call *call, const bson_t *filter,
                        struct organization *ret_organization)
{
    struct organization_row row;

    TRY(row_whole_organization(mongo_engine(store), call, FROM_ANY, filter, &row, NULL));
    *ret_organization = row.organization;
    return ST_OK;
}

enum status mongo_organization_by_name(struct store *store, const struct call *call,
                                       struct str name_key, struct organization *ret_organization)
{
    BSON_AUTO filter = BSON_INITIALIZER;

    bson_put_str(&filter, F_NAME_KEY, name_key);
    return find(store, call, &filter, ret_organization);
}

enum status mongo_organization_by_slug(struct store *store, const struct call *call,
                                       struct str slug, struct organization *ret_organization)
{
    BSON_AUTO filter = BSON_INITIALIZER;

    bson_put_str(&filter, F_SLUG, slug);
    return find(store, call, &filter, ret_organization);
}

enum status mongo_organization_by_id(struct store *store, const struct call *call,
                                     const struct oid *id, struct organization *ret_organization)
{
    BSON_AUTO filter = BSON_INITIALIZER;

    bson_put_oid(&filter, F_ID, id);
    return find(store, call, &filter, ret_organization);
}
