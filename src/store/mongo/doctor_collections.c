/* Tenants' collections that are nobody's, missing or there twice, and documents that nobody can
 * name. */
#include "store/mongo/doctor_parts.h"

#include "base/clock.h"
#include "store/mongo/indexes.h"
#include "store/mongo/layout.h"
#include "store/mongo/mongo.h"

#include <inttypes.h>

#define COUNT_MS 600000

static bool is_tenants(struct str name)
{
    size_t prefix = strlen(C_TENANT_PREFIX);

    return name.len >= prefix && memcmp(name.ptr, C_TENANT_PREFIX, prefix) == 0;
}

/* Also where a change of its owner is under way, which has both names. */
static bool is_somebodys(const struct census *census, struct str name)
{
    if (key_table_find(&census->organization_of_collection, name, NULL)) {
        return true;
    }
    for (size_t i = 0; i < census->organization_count; i++) {
        if (census->organizations[i].moved_from.ptr &&
            str_equal(census->organizations[i].moved_from, name)) {
            return true;
        }
    }
    return false;
}

static bool is_change_under_way(const struct census *census)
{
    for (size_t i = 0; i < census->organization_count; i++) {
        if (census->organizations[i].is_ready &&
            !str_is(census->organizations[i].status, STATUS_ACTIVE)) {
            return true;
        }
    }
    return false;
}

static void see_nobodys(struct doctor *doctor)
{
    const struct census *census = doctor->census;

    if (is_change_under_way(census)) {
        return; /* a collection may just be made, moved or dropped */
    }
    for (size_t i = 0; i < census->collection_count; i++) {
        struct str name = census->collections[i];
        struct str quoted;

        if (!is_tenants(name) || is_somebodys(census, name)) {
            continue;
        }
        quoted = doctor_quote(doctor, name);
        doctor_tell(doctor, "nobodys_collection",
                    STR("The collection belongs to no organization: nobody gets at its documents."),
                    (struct report_subject){ .kind = "collection", .id = name }, DOCTOR_NOTHING,
                    arena_printf(doctor->call->mem,
                                 "Look into it, and drop it if nobody needs it:\n"
                                 "db.getCollection(%.*s).find()\ndb.getCollection(%.*s).drop()",
                                 STR_ARG(quoted), STR_ARG(quoted)));
    }
}

static void see_moved(struct doctor *doctor, size_t number)
{
    const struct census_organization *organization = &doctor->census->organizations[number];
    struct str from;
    struct str to;

    if (!organization->is_ready || !organization->moved_from.ptr) {
        return;
    }
    from = doctor_quote(doctor, organization->moved_from);
    to = doctor_quote(doctor, organization->collection);
    doctor_tell(doctor, "collection_twice",
                arena_printf(doctor->call->mem,
                             "The organization's collection was to be moved from %.*s to %.*s, but "
                             "both are there: some program has written to one of them meanwhile.\n"
                             "The second one's documents are the organization's.",
                             STR_ARG(from), STR_ARG(to)),
                doctor_organization(doctor, number), DOCTOR_NOTHING,
                arena_printf(doctor->call->mem,
                             "db.getCollection(%.*s).find().forEach(d => { "
                             "db.getCollection(%.*s).insertOne(d) })\n"
                             "db.getCollection(%.*s).drop()\n"
                             "db.organizations.updateOne({_id: ObjectId(\"%.*s\")}, {$unset: "
                             "{" F_MOVED_FROM ": \"\"}})",
                             STR_ARG(from), STR_ARG(to), STR_ARG(from),
                             STR_ARG(doctor_hex(doctor, &organization->id))));
}

static void see_missing(struct doctor *doctor, size_t number)
{
    const struct census_organization *organization = &doctor->census->organizations[number];

    if (!organization->is_ready || !str_is(organization->status, STATUS_ACTIVE) ||
        (organization->collection.ptr &&
         key_table_find(&doctor->census->collection_names, organization->collection, NULL))) {
        return;
    }
    doctor_tell(doctor, "missing_collection",
                STR("The organization's collection is not there: whoever dropped it took its "
                    "documents along."),
                doctor_organization(doctor, number), DOCTOR_NOTHING,
                organization->collection.ptr
                    ? arena_printf(doctor->call->mem,
                                   "Put it back from a backup, or begin anew:\n"
                                   "db.createCollection(%.*s)",
                                   STR_ARG(doctor_quote(doctor, organization->collection)))
                    : STR(""));
}

/* Documents whose _id is neither text nor an ObjectId are not shown by the API. */
static enum status see_ids(struct doctor *doctor, size_t number)
{
    const struct census_organization *organization = &doctor->census->organizations[number];
    struct call call = *doctor->call;
    BSON_AUTO filter = BSON_INITIALIZER;
    int64_t count = 0;

    if (!organization->collection.ptr ||
        !key_table_find(&doctor->census->collection_names, organization->collection, NULL)) {
        return ST_OK;
    }
    BCON_APPEND(&filter, F_ID, "{", "$not", "{", "$type", "[", BCON_UTF8("string"),
                BCON_UTF8("objectId"), "]", "}", "}");
    call.deadline_ms = clock_monotonic_ms() + COUNT_MS;
    TRY(mongo_count(doctor->mongo, &call, organization->collection.ptr, &filter, &count));
    if (count > 0) {
        doctor_tell(doctor, "unusable_document_ids",
                    arena_printf(call.mem,
                                 "%" PRId64
                                 " of its documents have an _id that is neither text nor an "
                                 "ObjectId: the API does not show them.",
                                 count),
                    doctor_organization(doctor, number), DOCTOR_NOTHING,
                    arena_printf(
                        call.mem,
                        "Give them another _id, such as the old one as text:\n"
                        "c = db.getCollection(%.*s)\n"
                        "c.find({_id: {$not: {$type: [\"string\", \"objectId\"]}}}).forEach(d => { "
                        "const old = d._id; d._id = EJSON.stringify(old); c.insertOne(d); "
                        "c.deleteOne({_id: old}) })",
                        STR_ARG(doctor_quote(doctor, organization->collection))));
    }
    return ST_OK;
}

enum status doctor_see_collections(struct doctor *doctor)
{
    see_nobodys(doctor);
    for (size_t i = 0; i < doctor->census->organization_count; i++) {
        see_moved(doctor, i);
        see_missing(doctor, i);
        TRY(see_ids(doctor, i));
    }
    return ST_OK;
}

static void see_index(void *context, enum index_fault fault, const char *collection,
                      const char *name, const char *members, const char *doubled)
{
    struct doctor *doctor = context;
    struct arena *mem = doctor->call->mem;
    struct report_subject subject = {
        .kind = "index",
        .id = arena_printf(mem, "%s.%s", collection, name),
        .name = arena_str(mem, str_of(members)),
    };

    if (fault != INDEX_ALIEN && doctor->is_unseen) {
        return; /* the start that brings the rest into shape makes them */
    }
    if (fault == INDEX_ALIEN) {
        doctor_tell(doctor, "alien_index",
                    STR("Another program's unique index: documents that orgd makes have no such "
                        "member, and the second one of them would be refused."),
                    subject, DOCTOR_NOTHING,
                    arena_printf(mem, "db.%s.dropIndex(\"%s\")", collection, name));
    } else if (doubled[0]) {
        doctor_tell(
            doctor, "index_broken_by_data",
            arena_printf(mem,
                         "The unique index is not there, and can't be made: %s.\nNo orgd "
                         "starts on this database until that is put right.",
                         doubled),
            subject, DOCTOR_NOTHING,
            STR("Change or delete one of the two documents; see the findings on double names "
                "and addresses for how."));
    } else {
        doctor_tell(doctor, fault == INDEX_OTHER ? "wrong_index" : "missing_index",
                    fault == INDEX_OTHER
                        ? STR("There is an index on these members, but not as it must be.")
                        : STR("The index is not there."),
                    subject, DOCTOR_NOTHING, STR("Start an orgd on this database: it makes it."));
    }
}

enum status doctor_see_indexes(struct doctor *doctor)
{
    return indexes_check(doctor->mongo, doctor->call, see_index, doctor);
}
