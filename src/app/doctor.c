/* The engine's doctor, and its report. */
#include "app/doctor.h"

#include "app/store_rules.h"
#include "base/buf.h"
#include "base/log.h"
#include "config/settings.h"
#include "store/mongo/doctor.h"
#include "store/report.h"
#include "store/sqlite/doctor.h"

#include <sodium.h>
#include <string.h>

enum status app_doctor(const struct settings *settings, bool as_json, struct buf *out,
                       size_t *ret_findings, struct err *err)
{
    struct report report;

    if (sodium_init() < 0) {
        return err_set(err, ST_BROKEN, "libsodium does not start");
    }
    log_set_level(LOG_ERROR);
    report_init(&report, as_json, settings->store, out);
    if (strcmp(settings->store, "mongodb") == 0) {
        TRY(mongo_doctor(settings->mongo_url, settings->mongo_db, &app_store_rules, &report, err));
    } else {
        TRY(sqlite_doctor(settings->data, &report, err));
    }
    if (buf_overflowed(out)) {
        return err_set(err, ST_BROKEN, "the report is too long: %zu findings", report.count);
    }
    *ret_findings = report.count;
    return ST_OK;
}
