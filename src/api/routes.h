/* The route table. */
#ifndef ORGD_API_ROUTES_H
#define ORGD_API_ROUTES_H

#include "http/route.h"

struct route_table api_routes(void);

#endif
