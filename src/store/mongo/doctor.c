/* The order of the looks, and their words. */
#include "store/mongo/doctor.h"

#include "base/clock.h"
#include "store/mongo/doctor_parts.h"
#include "store/mongo/layout.h"
#include "store/mongo/mongo.h"

#include <errno.h>
#include <time.h>

#define OPEN_MS 10000
#define LOOK_MS INT64_C(3600000) /* a large database takes its time */
#define PAUSE_MS 2000            /* between two looks: longer than changes take */
#define WORDS_BYTES ((size_t)1024 * 1024 * 1024)

struct str doctor_hex(struct doctor *doctor, const struct oid *id)
{
    char hex[OID_HEX_LEN + 1];

    oid_format(id, hex);
    return arena_str(doctor->call->mem, str_of(hex));
}

struct str doctor_quote(struct doctor *doctor, struct str text)
{
    struct json_out json;
    struct str quoted;
    struct buf buf;

    buf_init(&buf, 8 * (text.len + 8));
    json_out_init(&json, &buf);
    json_out_str(&json, text);
    quoted = arena_str(doctor->call->mem, buf_view(&buf));
    buf_done(&buf);
    return quoted;
}

struct str doctor_steps(struct doctor *doctor, const struct report_subject *subject,
                        const char *steps)
{
    static const char mark[] = "$ID";
    struct str words = STR("");
    const char *at;

    while ((at = strstr(steps, mark)) != NULL) {
        words = arena_printf(doctor->call->mem, "%.*s%.*sObjectId(\"%.*s\")", STR_ARG(words),
                             (int)(at - steps), steps, STR_ARG(subject->id));
        steps = at + strlen(mark);
    }
    return arena_printf(doctor->call->mem, "%.*s%s", STR_ARG(words), steps);
}

struct report_subject doctor_organization(struct doctor *doctor, size_t number)
{
    const struct census_organization *organization = &doctor->census->organizations[number];

    return (struct report_subject){
        .kind = "organization",
        .id = doctor_hex(doctor, &organization->id),
        .name = organization->name.ptr ? organization->name : STR(""),
    };
}

struct report_subject doctor_account(struct doctor *doctor, size_t number)
{
    const struct census_account *account = &doctor->census->accounts[number];

    return (struct report_subject){
        .kind = "account",
        .id = doctor_hex(doctor, &account->id),
        .name = account->email.ptr ? account->email : STR(""),
    };
}

bool doctor_has_no_key(struct str key)
{
    return key.len > 0 && key.ptr[0] == KEY_NONE[0];
}

void doctor_add(struct doctor *doctor, const struct report_finding *finding)
{
    struct str key = str_of(finding->code);

    for (size_t i = 0; i < finding->subject_count; i++) {
        key = arena_printf(doctor->call->mem, "%.*s %.*s", STR_ARG(key),
                           STR_ARG(finding->subjects[i].id));
    }
    if (doctor->look == LOOK_FIRST) {
        (void)key_table_add(&doctor->first, key, 0);
    } else if (doctor->look == LOOK_ONLY || key_table_find(&doctor->first, key, NULL)) {
        report_add(doctor->report, finding);
    }
}

void doctor_tell(struct doctor *doctor, const char *code, struct str what,
                 struct report_subject first, struct report_subject second, struct str todo)
{
    struct report_subject subjects[] = { first, second };

    doctor_add(doctor, &(struct report_finding){
                           .code = code,
                           .what = what,
                           .subjects = subjects,
                           .subject_count = second.kind ? 2 : 1,
                           .todo = todo,
                       });
}

/* What no orgd has seen yet. */
static void see_unready(struct doctor *doctor)
{
    const struct census *census = doctor->census;
    size_t organizations = 0;
    size_t accounts = 0;
    struct report_subject subject = { .kind = "database", .id = STR("") };

    for (size_t i = 0; i < census->organization_count; i++) {
        organizations += !census->organizations[i].is_ready;
    }
    for (size_t i = 0; i < census->account_count; i++) {
        accounts += !census->accounts[i].is_ready;
    }
    doctor->is_unseen = organizations + accounts > 0;
    if (doctor->is_unseen) {
        doctor_tell(
            doctor, "not_in_shape",
            arena_printf(doctor->call->mem,
                         "%zu organizations and %zu accounts are as another program wrote "
                         "them.\nWhat else is said here is what a start would make of them.",
                         organizations, accounts),
            subject, DOCTOR_NOTHING,
            STR("Start orgd on this database: it brings them into shape."));
    }
}

static void see_strays(struct doctor *doctor)
{
    for (size_t i = 0; i < doctor->census->stray_count; i++) {
        const struct census_stray *stray = &doctor->census->strays[i];
        struct str hex = doctor_hex(doctor, &stray->id);
        struct report_subject subject = { .kind = stray->collection, .id = hex };

        if (stray->is_doubled) {
            doctor_tell(doctor, "double_id",
                        arena_printf(
                            doctor->call->mem,
                            "A document of %s was to be moved, but another one has its id already.",
                            stray->collection),
                        subject, DOCTOR_NOTHING,
                        arena_printf(doctor->call->mem,
                                     "Compare the two, and delete the one that is not needed:\n"
                                     "db.%s.find({_id: ObjectId(\"%.*s\")})\n"
                                     "db.%s.find({_id: ObjectId(\"%.*s\")})",
                                     stray->collection, STR_ARG(hex),
                                     strcmp(stray->collection, C_ORGANIZATIONS) == 0
                                         ? C_ORGANIZATIONS
                                         : C_ADMINS,
                                     STR_ARG(hex)));
        }
    }
}

static void end(struct doctor *doctor)
{
    const struct census *census = doctor->census;

    report_end(
        doctor->report,
        arena_printf(doctor->call->mem,
                     "%zu organizations, %zu accounts, %zu collections in %s (in mongosh: use "
                     "%s)",
                     census->organization_count, census->account_count, census->collection_count,
                     doctor->database, doctor->database));
}

static enum status look(struct doctor *doctor)
{
    see_unready(doctor);
    see_strays(doctor);
    doctor_see_shared(doctor);
    doctor_see_names(doctor);
    doctor_see_accounts(doctor);
    doctor_see_belonging(doctor);
    doctor_see_journals(doctor);
    TRY(doctor_see_collections(doctor));
    return doctor_see_indexes(doctor);
}

static enum status read_and_look(struct doctor *doctor)
{
    enum status status;

    TRY(census_read(doctor->mongo, doctor->call, &doctor->census));
    census_plan(doctor->census, doctor->rules);
    status = look(doctor);
    if (status == ST_OK && (doctor->look != LOOK_FIRST || doctor->first.count == 0)) {
        end(doctor);
    }
    census_free(doctor->census);
    return status;
}

static void pause_between_looks(void)
{
    struct timespec left = { .tv_sec = PAUSE_MS / 1000, .tv_nsec = PAUSE_MS % 1000 * 1000000 };

    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}

static enum status look_as_often_as_needed(struct doctor *doctor)
{
    BSON_AUTO everything = BSON_INITIALIZER;
    int64_t instances = 0;

    TRY(mongo_count(doctor->mongo, doctor->call, C_INSTANCES, &everything, &instances));
    doctor->look = instances > 0 ? LOOK_FIRST : LOOK_ONLY;
    TRY(read_and_look(doctor));
    if (doctor->look == LOOK_ONLY || doctor->first.count == 0) {
        return ST_OK;
    }
    pause_between_looks();
    doctor->look = LOOK_SECOND;
    return read_and_look(doctor);
}

enum status mongo_doctor(const char *url, const char *database, const struct store_rules *rules,
                         struct report *report, struct err *err)
{
    struct doctor doctor = { .database = database, .rules = rules, .report = report };
    struct arena mem;
    struct call call = { .mem = &mem, .err = err };
    enum status status;

    TRY(mongo_open(url, database, clock_monotonic_ms() + OPEN_MS, &doctor.mongo, err));
    arena_init(&mem, WORDS_BYTES);
    call.deadline_ms = clock_monotonic_ms() + LOOK_MS;
    doctor.call = &call;
    status = look_as_often_as_needed(&doctor);
    key_table_done(&doctor.first);
    arena_done(&mem);
    mongo_close(doctor.mongo);
    return status;
}
