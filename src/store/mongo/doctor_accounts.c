/* Accounts: double and unusable addresses, hashes that verify nothing, and who belongs to whom. */
#include "store/mongo/doctor_parts.h"

#include "store/mongo/layout.h"
#include "store/rules.h"

static void tell_address(struct doctor *doctor, size_t number)
{
    const struct census_account *account = &doctor->census->accounts[number];
    struct report_subject subject = doctor_account(doctor, number);
    struct str change = doctor_steps(
        doctor, &subject,
        "Give it another address, by PUT /org/update with a token of its own, or in mongosh:\n"
        "db.admins.updateOne({_id: $ID}, {$set: {email: \"ANOTHER@ADDRESS\"}, "
        "$unset: {email_key: \"\"}})\n" DOCTOR_RESTART);
    struct str key;
    size_t holder;

    if (!account->email.ptr || !doctor->rules->email(account->email, doctor->call->mem, &key)) {
        doctor_tell(doctor, "bad_address",
                    STR("The account has no address that could be one: nobody logs in with it."),
                    subject, DOCTOR_NOTHING, change);
    } else if (key_table_find(&doctor->census->account_of_key, key, &holder)) {
        doctor_tell(
            doctor, "double_address",
            STR("Two accounts have one address. The second one named here logs in with it;\n"
                "the first can't log in, but the tokens that it has are good."),
            subject, doctor_account(doctor, holder), change);
    } else {
        doctor_tell(doctor, "address_not_taken",
                    STR("Nobody logs in with the account's address, though no other account has it "
                        "any more."),
                    subject, DOCTOR_NOTHING,
                    doctor_steps(doctor, &subject,
                                 "db.admins.updateOne({_id: $ID}, {$unset: "
                                 "{email_key: \"\"}})\n" DOCTOR_RESTART));
    }
}

static void tell_hash(struct doctor *doctor, size_t number)
{
    struct report_subject subject = doctor_account(doctor, number);

    doctor_tell(doctor, "no_usable_hash",
                STR("What the account has for a password is no hash that orgd can verify (Argon2, "
                    "PBKDF2-SHA256 of passlib, bcrypt): nobody logs in with it."),
                subject, DOCTOR_NOTHING,
                doctor_steps(doctor, &subject,
                             "Make a hash, such as with passlib's pbkdf2_sha256.hash(...), and:\n"
                             "db.admins.updateOne({_id: $ID}, {$set: {password: \"THE HASH\"}})"));
}

void doctor_see_accounts(struct doctor *doctor)
{
    for (size_t i = 0; i < doctor->census->account_count; i++) {
        const struct census_account *account = &doctor->census->accounts[i];

        if (doctor_has_no_key(account->email_key)) {
            tell_address(doctor, i);
        }
        if (!account->has_usable_hash) {
            tell_hash(doctor, i);
        }
    }
}

static void tell_idle(struct doctor *doctor, size_t number)
{
    struct report_subject subject = doctor_account(doctor, number);

    doctor_tell(doctor, "idle_account",
                STR("The account belongs to no organization: nobody logs in with it, and nobody "
                    "else can have its address."),
                subject, DOCTOR_NOTHING,
                doctor_steps(doctor, &subject,
                             "Delete it, or say where it belongs:\n"
                             "db.admins.deleteOne({_id: $ID})\n"
                             "db.memberships.insertOne({organization_id: "
                             "ObjectId(\"ORGANIZATION\"), admin_id: $ID, role: \"admin\"})"));
}

static void tell_unled(struct doctor *doctor, size_t number)
{
    struct report_subject subject = doctor_organization(doctor, number);

    doctor_tell(doctor, "no_administrator",
                STR("No account belongs to the organization: it is there for who asks for it, but "
                    "nobody logs in to it."),
                subject, DOCTOR_NOTHING,
                doctor_steps(doctor, &subject,
                             "Give it one, with a hash such as passlib's pbkdf2_sha256.hash(...) "
                             "makes:\n"
                             "id = db.admins.insertOne({email: \"THE@ADDRESS\", password: \"THE "
                             "HASH\", organization_id: $ID}).insertedId\n"
                             "db.organizations.updateOne({_id: $ID}, {$set: {admin_id: "
                             "id}})\n" DOCTOR_RESTART));
}

/* One whose organization is being made or deleted is somebody's work. */
static bool is_in_work(const struct census *census, const struct oid *account)
{
    for (size_t i = 0; i < census->organization_count; i++) {
        const struct census_organization *organization = &census->organizations[i];

        if (organization->is_ready && !str_is(organization->status, STATUS_ACTIVE) &&
            oid_equal(&organization->admin_id, account)) {
            return true;
        }
    }
    return false;
}

static void see_memberships(struct doctor *doctor)
{
    const struct census *census = doctor->census;

    for (size_t i = 0; i < census->membership_count; i++) {
        const struct oid *ids = census->memberships[i].ids;
        size_t organization = census_find_organization(census, &ids[0]);
        size_t account = census_find_account(census, &ids[1]);
        struct str hex[2] = { doctor_hex(doctor, &ids[0]), doctor_hex(doctor, &ids[1]) };

        if ((organization != NOBODY && account != NOBODY) ||
            (organization != NOBODY &&
             !str_is(census->organizations[organization].status, STATUS_ACTIVE))) {
            continue;
        }
        doctor_tell(doctor, "loose_membership",
                    arena_printf(doctor->call->mem, "A membership is of %s that is not there.",
                                 organization == NOBODY ? "an organization" : "an account"),
                    (struct report_subject){ .kind = "organization", .id = hex[0] },
                    (struct report_subject){ .kind = "account", .id = hex[1] },
                    arena_printf(doctor->call->mem,
                                 "db.memberships.deleteOne({organization_id: ObjectId(\"%.*s\"), "
                                 "admin_id: ObjectId(\"%.*s\")})",
                                 STR_ARG(hex[0]), STR_ARG(hex[1])));
    }
}

void doctor_see_belonging(struct doctor *doctor)
{
    const struct census *census = doctor->census;

    for (size_t i = 0; i < census->organization_count; i++) {
        const struct census_organization *organization = &census->organizations[i];

        if (organization->admins == 0 &&
            (!organization->is_ready || str_is(organization->status, STATUS_ACTIVE))) {
            tell_unled(doctor, i);
        }
    }
    for (size_t i = 0; i < census->account_count; i++) {
        if (census->accounts[i].organizations == 0 &&
            !is_in_work(census, &census->accounts[i].id)) {
            tell_idle(doctor, i);
        }
    }
    see_memberships(doctor);
}
