/* The memory of organizations beside an engine that is modelled. The steps of look-ups and changes (the
 * engine's answer, its being kept, the begin of a change, its effect, its end) come in any order, and what is
 * found is what the engine has at that moment. */
#include "suite.h"

#include "numbers.h"
#include "store/organization_memory.h"

#include <stdlib.h>

#define ORGANIZATIONS 24
#define MODEL_NAMES 16
#define ACCOUNTS 6
#define READINGS 6
#define CHANGES 4
#define STEPS 400000
#define BACK_EVERY 150
#define MANY_EVERY 4000

struct engine_row {
    bool is_there;
    int name;
    int account;
    int64_t version;
};

/* A look-up between the engine's answer and its being kept. */
struct reading_step {
    bool is_under_way;
    bool has_answer;
    uint64_t epoch;
    int name;
    int number;
    struct engine_row row;
    int64_t account_version;
};

struct change_step {
    bool is_under_way;
    bool is_done;
    bool is_of_all;
    int number;
    int account;
    struct organization_changing changing;
};

struct model {
    struct organization_memory *memory;
    struct numbers numbers;
    struct arena mem;
    struct engine_row rows[ORGANIZATIONS];
    int64_t account_versions[ACCOUNTS];
    struct reading_step readings[READINGS];
    struct change_step changes[CHANGES];
    int found;
};

static struct oid number_oid(uint8_t kind, int n)
{
    return (struct oid){ .bytes = { kind, [11] = (uint8_t)n } };
}

static struct organization as_told(struct model *model, int number, const struct engine_row *row,
                                   int64_t account_version)
{
    return (struct organization){
        .id = number_oid(1, number),
        .admin_id = number_oid(2, row->account),
        .name = arena_printf(&model->mem, "Name %d", row->name),
        .name_key = arena_printf(&model->mem, "name %d", row->name),
        .slug = arena_printf(&model->mem, "name_%d", row->name),
        .collection = arena_printf(&model->mem, "org_name_%d", row->name),
        .admin_email =
            arena_printf(&model->mem, "a%d.%lld@b", row->account, (long long)account_version),
        .created_ms = 1,
        .updated_ms = row->version,
    };
}

static int number_of_name(const struct model *model, int name)
{
    for (int n = 0; n < ORGANIZATIONS; n++) {
        if (model->rows[n].is_there && model->rows[n].name == name) {
            return n;
        }
    }
    return -1;
}

/* A look-up in the memory gives what the engine has now, or nothing. */
static void look_up(struct model *model)
{
    int name = (int)below(&model->numbers, MODEL_NAMES);
    int number = number_of_name(model, name);
    struct organization found;

    if (organization_memory_find(model->memory, arena_printf(&model->mem, "name %d", name),
                                 &model->mem, &found)) {
        struct organization expected;

        assert_int_not_equal(number, -1);
        expected = as_told(model, number, &model->rows[number],
                           model->account_versions[model->rows[number].account]);
        suite_assert_organization(&found, &expected);
        model->found++;
    }
}

/* The next step of a look-up that goes on to the engine. */
static void go_on_reading(struct model *model)
{
    struct reading_step *reading = &model->readings[below(&model->numbers, READINGS)];

    if (!reading->is_under_way) {
        *reading = (struct reading_step){
            .is_under_way = true,
            .epoch = organization_memory_epoch(model->memory),
            .name = (int)below(&model->numbers, MODEL_NAMES),
        };
    } else if (!reading->has_answer) {
        reading->number = number_of_name(model, reading->name);
        reading->is_under_way = reading->number >= 0;
        reading->has_answer = true;
        if (reading->is_under_way) {
            reading->row = model->rows[reading->number];
            reading->account_version = model->account_versions[reading->row.account];
        }
    } else {
        struct organization told =
            as_told(model, reading->number, &reading->row, reading->account_version);

        (void)organization_memory_keep(model->memory, reading->epoch,
                                       below(&model->numbers, 2) ? KEEP_ALWAYS : KEEP_IF_ROOM,
                                       &told);
        reading->is_under_way = false;
    }
}

/* What an engine does with one organization: a rename, an address, an end. */
static void change_one(struct model *model, int number, int account)
{
    struct engine_row *row = &model->rows[number];
    int name = (int)below(&model->numbers, MODEL_NAMES);

    row->version++;
    switch (below(&model->numbers, 4)) {
    case 0:
        row->is_there = false;
        break;
    case 1:
        if (account >= 0) {
            model->account_versions[account]++;
        }
        break;
    default:
        if (row->is_there && number_of_name(model, name) < 0) {
            row->name = name;
        }
        break;
    }
}

static void begin_change(struct model *model, struct change_step *change)
{
    int number = (int)below(&model->numbers, ORGANIZATIONS);
    struct oid id = number_oid(1, number);
    int account = (int)below(&model->numbers, ACCOUNTS); /* a member, administrator or not */
    struct oid account_id = number_oid(2, account);
    bool with_account = below(&model->numbers, 2);

    *change = (struct change_step){
        .is_under_way = true,
        .is_of_all = below(&model->numbers, 2000) == 0,
        .number = number,
        .account = with_account ? account : -1,
    };
    if (change->is_of_all) {
        organization_memory_all_changing(model->memory);
    } else {
        organization_memory_changing(model->memory, &id, with_account ? &account_id : NULL,
                                     &change->changing);
    }
}

/* The next step of a change, whose effect comes about at any moment between its begin and its end. */
static void go_on_changing(struct model *model)
{
    struct change_step *change = &model->changes[below(&model->numbers, CHANGES)];

    if (!change->is_under_way) {
        begin_change(model, change);
    } else if (!change->is_done) {
        change->is_done = true;
        change_one(model, change->number, change->account);
        for (int n = 0; n < ORGANIZATIONS && change->is_of_all; n++) {
            change_one(model, n, model->rows[n].account);
        }
    } else {
        change->is_under_way = false;
        if (change->is_of_all) {
            organization_memory_all_changed(model->memory);
        } else {
            organization_memory_changed(model->memory, &change->changing);
        }
    }
}

/* An organization is new in each of its lives: nothing says so to the memory. */
static void create(struct model *model)
{
    int number = (int)below(&model->numbers, ORGANIZATIONS);
    int name = (int)below(&model->numbers, MODEL_NAMES);

    if (!model->rows[number].is_there && model->rows[number].version == 0 &&
        number_of_name(model, name) < 0) {
        model->rows[number] = (struct engine_row){
            .is_there = true, .name = name, .account = number % ACCOUNTS, .version = 1
        };
    }
}

/* Ids that were in use may be again, which needs a change of all: that is what carries ids from elsewhere. */
static void bring_back(struct model *model)
{
    organization_memory_all_changing(model->memory);
    for (int n = 0; n < ORGANIZATIONS; n++) {
        if (!model->rows[n].is_there) {
            model->rows[n].version = 0;
        }
    }
    organization_memory_all_changed(model->memory);
}

/* So many changes that marks are forgotten, of what is not there. */
static void change_many(struct model *model)
{
    const struct oid other = number_oid(3, 0);

    for (int i = 0; i < ORGANIZATION_MEMORY_CHANGES; i++) {
        struct organization_changing changing;

        organization_memory_changing(model->memory, &other, NULL, &changing);
        organization_memory_changed(model->memory, &changing);
    }
}

static struct model *model_new(void)
{
    struct model *model = calloc(1, sizeof(*model));

    assert_non_null(model);
    model->numbers.state = 3;
    model->memory = organization_memory_new();
    assert_non_null(model->memory);
    arena_init(&model->mem, (size_t)1 << 20);
    return model;
}

static void model_free(struct model *model)
{
    organization_memory_free(model->memory);
    arena_done(&model->mem);
    free(model);
}

TEST(memory__answers_what_the_engine_has_whatever_is_under_way)
{
    struct model *model = model_new();

    for (int i = 0; i < STEPS; i++) {
        uint32_t what = below(&model->numbers, 100);

        if (what < 45) {
            look_up(model);
        } else if (what < 85) {
            go_on_reading(model);
        } else if (what < 94) {
            create(model);
        } else {
            go_on_changing(model);
        }
        if (i % MANY_EVERY == 0) {
            change_many(model);
        } else if (i % BACK_EVERY == 0) {
            bring_back(model);
        }
        arena_clear(&model->mem);
    }
    assert_true(model->found > STEPS / 100);
    model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory__answers_what_the_engine_has_whatever_is_under_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
