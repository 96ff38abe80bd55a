/* Opening it. */
#include "app/place.h"

#include "app/store_rules.h"
#include "config/settings.h"
#include "store/mongo/mongo_store.h"
#include "store/sqlite/sqlite_store.h"

#include <string.h>

static bool is_mongodb(const struct settings *settings)
{
    return strcmp(settings->store, "mongodb") == 0;
}

static enum status open_mongodb(const struct settings *settings, struct store **ret_store,
                                struct err *err)
{
    return mongo_store_open(settings->mongo_url, settings->mongo_db, &app_store_rules, ret_store,
                            err);
}

enum status place_open_to_write(const struct settings *settings, struct store **ret_store,
                                struct err *err)
{
    return is_mongodb(settings) ? open_mongodb(settings, ret_store, err)
                                : sqlite_store_open(settings->data, ret_store, err);
}

enum status place_open_to_read(const struct settings *settings, struct store **ret_store,
                               struct err *err)
{
    return is_mongodb(settings) ? open_mongodb(settings, ret_store, err)
                                : sqlite_store_open_reader(settings->data, ret_store, err);
}
