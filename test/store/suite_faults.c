/*
 * A story told again and again through src/store/fault.h, with each of its calls failing in turn,
 * before it happened or after: what is there afterwards is the whole step or none of it.
 */
#include "suite.h"

#include "store/fault.h"

/* The steps, each one call that changes something. */
enum step {
    STEP_SECRET,
    STEP_CREATE,
    STEP_PUT,
    STEP_RENAME,
    STEP_REHASH,
    STEP_PASSWORD,
    STEP_REPLACE,
    STEP_CUT,
    STEP_DELETE,
    STEP_COUNT
};

struct story {
    struct store *store;
    const struct call *call;
    struct new_organization new;
    struct organization organization; /* as made */
};

static enum status update(struct story *story, bool rename)
{
    struct organization_change change = suite_change(&story->organization, 0);
    struct organization now;

    if (rename) {
        change = suite_rename(story->call->mem, &story->organization, "renamed");
        change.email = change.email_key = STR("new@new.example");
    } else {
        change.password_hash = STR("second");
    }
    return store_organization_update(story->store, story->call, &change, &now);
}

static enum status perform(struct story *story, enum step step)
{
    const struct oid *id = &story->new.id;
    struct str value;

    switch (step) {
    case STEP_SECRET:
        return store_secret(story->store, story->call, STR("s"), STR("value"), &value);
    case STEP_CREATE:
        return store_organization_create(story->store, story->call, &story->new,
                                         &story->organization);
    case STEP_PUT:
        return suite_put(story->store, story->call, id, "d", DOC("d", "one"));
    case STEP_RENAME:
        return update(story, true);
    case STEP_REHASH:
        return store_account_rehash(story->store, story->call, &story->new.account_id,
                                    story->new.password_hash, STR("better"));
    case STEP_PASSWORD:
        return update(story, false);
    case STEP_REPLACE:
        return suite_put(story->store, story->call, id, "d", DOC("d", "two"));
    case STEP_CUT:
        return suite_delete(story->store, story->call, id, "d");
    case STEP_DELETE:
    default:
        return store_organization_delete(story->store, story->call, id);
    }
}

static void assert_document(struct fixture *f, const struct oid *id, const char *body)
{
    struct document document;
    enum status status = store_document_get(f->store, &f->call, id, STR("d"), &document);

    assert_status(status, body ? ST_OK : ST_NO_DOCUMENT);
    if (body) {
        assert_str(document.body, body);
    }
    assert_int_equal(suite_count(f, id), body ? 1 : 0);
}

/* Checks that exactly the steps before next have happened. */
static void assert_told(struct fixture *f, const struct story *story, enum step next)
{
    const struct new_organization *new = &story->new;
    bool renamed = next > STEP_RENAME;
    struct membership member;
    struct organization found;
    struct str value;

    if (next > STEP_SECRET) {
        assert_status(store_secret(f->store, &f->call, STR("s"), STR("other"), &value), ST_OK);
        assert_str(value, "value");
    }
    if (next <= STEP_CREATE || next > STEP_DELETE) {
        assert_status(store_organization_by_id(f->store, &f->call, &new->id, &found),
                      ST_NO_ORGANIZATION);
        assert_status(store_organization_by_name(f->store, &f->call, new->name_key, &found),
                      ST_NO_ORGANIZATION);
        assert_status(store_organization_by_slug(f->store, &f->call, STR("renamed"), &found),
                      ST_NO_ORGANIZATION);
        assert_status(store_membership_by_email(f->store, &f->call, new->email_key, &member),
                      ST_NO_ACCOUNT);
        assert_status(
            store_membership_by_email(f->store, &f->call, STR("new@new.example"), &member),
            ST_NO_ACCOUNT);
        return;
    }
    assert_status(store_membership_by_email(f->store, &f->call,
                                            renamed ? STR("new@new.example") : new->email_key,
                                            &member),
                  ST_OK);
    assert_true(oid_equal(&member.organization.id, &new->id));
    assert_str(member.organization.name, renamed ? "Org renamed" : "Org story");
    assert_str(member.organization.slug, renamed ? "renamed" : "story");
    assert_str(member.account.password_hash, next > STEP_PASSWORD ? "second"
                                             : next > STEP_REHASH ? "better"
                                                                  : "hash of story");
    assert_int_equal(member.account.password_version, next > STEP_PASSWORD ? 1 : 0);
    assert_status(store_organization_by_name(f->store, &f->call,
                                             renamed ? new->name_key : STR("org renamed"), &found),
                  ST_NO_ORGANIZATION);
    assert_document(f, &new->id,
                    next > STEP_CUT       ? NULL
                    : next > STEP_REPLACE ? DOC("d", "two")
                    : next > STEP_PUT     ? DOC("d", "one")
                                          : NULL);
}

static void tell(struct fixture *f, struct store *fault, enum step failing, enum fault_when when)
{
    struct story story = { .store = f->store,
                           .call = &f->call,
                           .new = suite_new(&f->mem, "story") };
    enum status status = when == FAULT_BEFORE ? ST_UNAVAILABLE : ST_UNSURE;

    for (enum step step = 0; step < STEP_COUNT; step++) {
        if (step != failing) {
            assert_status(perform(&story, step), ST_OK);
            assert_told(f, &story, step + 1);
            continue;
        }
        fault_store_arm(fault, 0, when, status);
        assert_status(perform(&story, step), status);
        assert_string_equal(f->err.text, "a fault of the test's making");
        assert_int_equal(fault_store_calls(fault), 1);
        assert_told(f, &story, when == FAULT_BEFORE ? step : step + 1);
        if (when == FAULT_BEFORE) {
            assert_status(perform(&story, step), ST_OK); /* it was safe to try again */
        } else if (step == STEP_CREATE) {
            assert_status(
                store_organization_by_id(f->store, &f->call, &story.new.id, &story.organization),
                ST_OK);
        }
    }
    assert_told(f, &story, STEP_COUNT);
}

static void tell_all(struct fixture *f, enum fault_when when)
{
    struct store *fault = fault_store_new(f->store);

    assert_non_null(fault);
    f->store = fault; /* and closed with it */
    for (enum step failing = 0; failing < STEP_COUNT; failing++) {
        tell(f, fault, failing, when);
    }
}

STORE_TEST(story__with_each_call_failing_before_it_happens_is_never_half_told)
{
    tell_all(*state, FAULT_BEFORE);
}

STORE_TEST(story__with_each_reply_lost_is_never_half_told)
{
    tell_all(*state, FAULT_AFTER);
}

STORE_TEST(reads__that_fail_touch_no_output)
{
    FIXTURE;
    struct organization made = suite_create(f, "acme");
    struct organization found;
    struct organization before;

    f->store = fault_store_new(f->store);
    assert_non_null(f->store);
    memset(&found, 0x5A, sizeof(found));
    before = found;
    for (int when = FAULT_BEFORE; when <= FAULT_AFTER; when++) {
        fault_store_arm(f->store, 1, (enum fault_when)when, ST_BROKEN);
        assert_status(store_ping(f->store, &f->call), ST_OK);
        assert_status(store_organization_by_id(f->store, &f->call, &made.id, &found), ST_BROKEN);
        assert_memory_equal(&found, &before, sizeof(found));
    }
    assert_status(store_organization_by_id(f->store, &f->call, &made.id, &found), ST_OK);
    assert_int_equal(fault_store_calls(f->store), 3);
}

const struct CMUnitTest fault_tests[] = {
    suite_test(story__with_each_call_failing_before_it_happens_is_never_half_told),
    suite_test(story__with_each_reply_lost_is_never_half_told),
    suite_test(reads__that_fail_touch_no_output),
};
const size_t fault_tests_count = sizeof(fault_tests) / sizeof(fault_tests[0]);
