/* What handlers reach through their request. The app builds it. */
#ifndef ORGD_API_SERVICES_H
#define ORGD_API_SERVICES_H

#include <stdatomic.h>
#include <stdint.h>

struct buf;
struct domain;
struct server;
struct store;

struct services {
    struct domain *domain;
    struct server *server; /* for its metrics; set before it starts */
    atomic_bool stopping;
    /* orgd_logins_total{result} */
    _Atomic uint64_t logins_ok;
    _Atomic uint64_t logins_refused;
    _Atomic uint64_t logins_limited;
};

#endif
