/* Organizations: shared collections, double and unusable names, changes that nobody finished. */
#include "store/mongo/doctor_parts.h"

#include "base/clock.h"
#include "store/mongo/layout.h"
#include "store/rules.h"

#include <inttypes.h>
#include <stdlib.h>

#define CHANGE_MS 60000 /* no request lasts longer */

static void tell_name(struct doctor *doctor, size_t number)
{
    const struct census_organization *organization = &doctor->census->organizations[number];
    struct report_subject subject = doctor_organization(doctor, number);
    struct str rename = doctor_steps(
        doctor, &subject,
        "Give it another name, by PUT /org/update with a token of its administrator, or in "
        "mongosh:\n"
        "db.organizations.updateOne({_id: $ID}, {$set: {organization_name: \"ANOTHER NAME\"}, "
        "$unset: {name_key: \"\"}})\n" DOCTOR_RESTART);
    struct rules_name name;
    size_t holder;

    if (!organization->name.ptr ||
        !doctor->rules->name(organization->name, doctor->call->mem, &name)) {
        doctor_tell(
            doctor, "bad_name",
            STR("There is nothing in the name that the organization could be found by: it is "
                "empty, "
                "far too long, or has control characters.\nIt is found by its id and its slug."),
            subject, DOCTOR_NOTHING, rename);
    } else if (key_table_find(&doctor->census->organization_of_key, name.key, &holder)) {
        doctor_tell(
            doctor, "double_name",
            STR("Two organizations have one name. The second one named here is the one that "
                "is found by it;\nthe first works by its id, its slug and its tokens only."),
            subject, doctor_organization(doctor, holder), rename);
    } else {
        doctor_tell(doctor, "name_not_taken",
                    STR("The organization is not found by its name, though no other has it: it had "
                        "when the database was brought into shape."),
                    subject, DOCTOR_NOTHING,
                    doctor_steps(doctor, &subject,
                                 "db.organizations.updateOne({_id: $ID}, {$unset: {name_key: "
                                 "\"\"}})\n" DOCTOR_RESTART));
    }
}

void doctor_see_names(struct doctor *doctor)
{
    for (size_t i = 0; i < doctor->census->organization_count; i++) {
        const struct census_organization *organization = &doctor->census->organizations[i];

        /* One that is being deleted has given its name up. */
        if (doctor_has_no_key(organization->name_key) &&
            (!organization->is_ready || str_is(organization->status, STATUS_ACTIVE))) {
            tell_name(doctor, i);
        }
    }
}

static int compare_collections(const void *a, const void *b, void *context)
{
    const struct census_organization *all = context;
    const struct census_organization *one = &all[*(const size_t *)a];
    const struct census_organization *other = &all[*(const size_t *)b];
    int order = str_compare(one->collection, other->collection);

    return order ? order
                 : census_compare_age(one->created_ms, &one->id, other->created_ms, &other->id);
}

static struct str shared_todo(struct doctor *doctor, const struct census_organization *second)
{
    struct str hex = doctor_hex(doctor, &second->id);
    struct str shared = doctor_quote(doctor, second->collection);
    struct str own = doctor_quote(
        doctor, arena_printf(doctor->call->mem, C_TENANT_PREFIX "%.*s", STR_ARG(second->slug)));

    return arena_printf(
        doctor->call->mem,
        "Decide which documents are whose. With every orgd stopped, in mongosh, for each "
        "organization "
        "but one, such as the second:\n"
        "db.createCollection(%.*s)\n"
        "db.getCollection(%.*s).find({/* those of the second */}).forEach(d => { "
        "db.getCollection(%.*s).insertOne(d); db.getCollection(%.*s).deleteOne({_id: d._id}) })\n"
        "db.organizations.updateOne({_id: ObjectId(\"%.*s\")}, {$set: {collection_name: %.*s}})\n"
        "then start orgd: it opens the documents of both.\n"
        "Or delete one of the organizations (DELETE /org/delete): the documents stay for the "
        "other, "
        "which gets at them after the next start.",
        STR_ARG(own), STR_ARG(shared), STR_ARG(own), STR_ARG(shared), STR_ARG(hex), STR_ARG(own));
}

static void tell_shared(struct doctor *doctor, const size_t group[], size_t count)
{
    const struct census_organization *first = &doctor->census->organizations[group[0]];
    struct report_subject *subjects = arena_alloc(doctor->call->mem, count * sizeof(*subjects));

    for (size_t i = 0; i < count; i++) {
        subjects[i] = doctor_organization(doctor, group[i]);
    }
    doctor_add(
        doctor,
        &(struct report_finding){
            .code = "shared_collection",
            .what =
                arena_printf(doctor->call->mem,
                             "%zu organizations have one collection, %.*s.\nNobody gets at its "
                             "documents (403) until it is decided whose they are; all else works.",
                             count, STR_ARG(first->collection)),
            .subjects = subjects,
            .subject_count = count,
            .todo = shared_todo(doctor, &doctor->census->organizations[group[count > 1 ? 1 : 0]]),
        });
}

/* One that has the mark, and the collection to itself by now. */
static void tell_decided(struct doctor *doctor, size_t number)
{
    doctor_tell(
        doctor, "collection_was_shared",
        STR("The organization is still marked as one that shares its collection, and nobody "
            "gets at its documents (403)."),
        doctor_organization(doctor, number), DOCTOR_NOTHING,
        STR("Start an orgd on this database, also beside others: it takes the mark away."));
}

void doctor_see_shared(struct doctor *doctor)
{
    struct census *census = doctor->census;
    size_t *shared =
        arena_alloc(doctor->call->mem, (census->organization_count + 1) * sizeof(*shared));
    size_t count = 0;
    size_t begin = 0;

    for (size_t i = 0; i < census->organization_count; i++) {
        if (census->organizations[i].is_shared) {
            shared[count++] = i;
        } else if (census->organizations[i].was_shared) {
            tell_decided(doctor, i);
        }
    }
    qsort_r(shared, count, sizeof(*shared), compare_collections, census->organizations);
    for (size_t i = 1; i <= count; i++) {
        if (i == count || !str_equal(census->organizations[shared[i]].collection,
                                     census->organizations[shared[begin]].collection)) {
            tell_shared(doctor, shared + begin, i - begin);
            begin = i;
        }
    }
}

static bool is_known_status(struct str status)
{
    static const char *const words[] = { STATUS_ACTIVE, STATUS_CREATING, STATUS_UPDATING,
                                         STATUS_RENAMING, STATUS_DELETING };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (str_is(status, words[i])) {
            return true;
        }
    }
    return false;
}

static void tell_change(struct doctor *doctor, size_t number, int64_t age_ms)
{
    const struct census_organization *organization = &doctor->census->organizations[number];

    doctor_tell(doctor, "unfinished_change",
                arena_printf(doctor->call->mem,
                             "The organization is \"%.*s\" for %" PRId64
                             " seconds, by the instance %.*s.\nAn instance that runs finishes or "
                             "undoes what a dead one left, within seconds.",
                             STR_ARG(organization->status), age_ms / 1000,
                             STR_ARG(doctor_hex(doctor, &organization->change_owner))),
                doctor_organization(doctor, number), DOCTOR_NOTHING,
                STR("Start an orgd on this database if none runs; else see its log for the reason "
                    "why it can't be finished."));
}

void doctor_see_journals(struct doctor *doctor)
{
    int64_t now_ms = clock_now_ms();

    for (size_t i = 0; i < doctor->census->organization_count; i++) {
        const struct census_organization *organization = &doctor->census->organizations[i];
        int64_t age_ms = now_ms - organization->change_at_ms;

        if (!organization->is_ready || str_is(organization->status, STATUS_ACTIVE)) {
            continue;
        }
        if (!is_known_status(organization->status)) {
            struct report_subject subject = doctor_organization(doctor, i);

            doctor_tell(doctor, "unknown_status",
                        arena_printf(doctor->call->mem,
                                     "Its member status is \"%.*s\", which no orgd wrote: the "
                                     "organization is not served.",
                                     STR_ARG(organization->status)),
                        subject, DOCTOR_NOTHING,
                        doctor_steps(doctor, &subject,
                                     "db.organizations.updateOne({_id: $ID}, {$set: {status: "
                                     "\"active\"}})"));
        } else if (age_ms > CHANGE_MS) {
            tell_change(doctor, i, age_ms);
        }
    }
}
