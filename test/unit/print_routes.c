/* Prints the route table, a line for each row: METHOD PATH WHO. tools/check_openapi.py reads it. */
#include "api/routes.h"

#include <stdio.h>

static const char *const who_names[] = {
    [WHO_NOBODY] = "nobody",           [WHO_ANYONE] = "anyone", [WHO_ADMIN] = "admin",
    [WHO_CREDENTIALS] = "credentials", [WHO_TENANT] = "tenant",
};

int main(void)
{
    struct route_table routes = api_routes();

    for (size_t i = 0; i < routes.count; i++) {
        const struct route *row = &routes.rows[i];

        (void)printf("%s %s %s\n", method_name(row->method), row->path, who_names[row->who]);
    }
    return 0;
}
