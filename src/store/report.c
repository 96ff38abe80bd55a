/* Findings as text and as JSON. */
#include "store/report.h"

/* Text that a terminal shows as it is: control characters become '?'. */
static void put_plain(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        bool is_high_control =
            c == 0xC2 && i + 1 < text.len && (unsigned char)text.ptr[i + 1] < 0xA0;

        if (is_high_control) {
            i++;
        }
        buf_char(out, c < ' ' || c == 0x7F || is_high_control ? '?' : (char)c);
    }
}

/* Takes the first line off rest; false where there is none left. */
static bool next_line(struct str *rest, struct str *ret_line)
{
    const char *end;

    if (rest->len == 0) {
        return false;
    }
    end = memchr(rest->ptr, '\n', rest->len);
    ret_line->ptr = rest->ptr;
    ret_line->len = end ? (size_t)(end - rest->ptr) : rest->len;
    rest->ptr += end ? ret_line->len + 1 : ret_line->len;
    rest->len -= end ? ret_line->len + 1 : ret_line->len;
    return true;
}

static void put_lines(struct buf *out, struct str lines, const char *indent)
{
    struct str line;

    while (next_line(&lines, &line)) {
        buf_text(out, indent);
        put_plain(out, line);
        buf_char(out, '\n');
    }
}

static void put_subject(struct buf *out, const struct report_subject *subject)
{
    buf_printf(out, "    %s ", subject->kind);
    put_plain(out, subject->id);
    if (subject->name.len > 0) {
        buf_text(out, " \"");
        put_plain(out, subject->name);
        buf_char(out, '"');
    }
    buf_char(out, '\n');
}

static void add_text(struct report *report, const struct report_finding *finding)
{
    struct buf *out = report->out;

    buf_printf(out, "%s\n", finding->code);
    put_lines(out, finding->what, "  ");
    for (size_t i = 0; i < finding->subject_count; i++) {
        put_subject(out, &finding->subjects[i]);
    }
    if (finding->todo.len > 0) {
        buf_text(out, "  What to do:\n");
        put_lines(out, finding->todo, "    ");
    }
    buf_char(out, '\n');
}

static void add_json(struct json_out *json, const struct report_finding *finding)
{
    struct str todo = finding->todo;
    struct str line;

    json_out_object(json);
    json_out_key(json, "code");
    json_out_text(json, finding->code);
    json_out_key(json, "what");
    json_out_str(json, finding->what);
    json_out_key(json, "subjects");
    json_out_array(json);
    for (size_t i = 0; i < finding->subject_count; i++) {
        json_out_object(json);
        json_out_key(json, "kind");
        json_out_text(json, finding->subjects[i].kind);
        json_out_key(json, "id");
        json_out_str(json, finding->subjects[i].id);
        json_out_key(json, "name");
        json_out_str(json, finding->subjects[i].name);
        json_out_end(json);
    }
    json_out_end(json);
    json_out_key(json, "todo");
    json_out_array(json);
    while (next_line(&todo, &line)) {
        json_out_str(json, line);
    }
    json_out_end(json);
    json_out_end(json);
}

void report_init(struct report *report, bool as_json, const char *store, struct buf *out)
{
    *report = (struct report){ .out = out, .as_json = as_json };
    if (as_json) {
        json_out_init(&report->json, out);
        json_out_object(&report->json);
        json_out_key(&report->json, "store");
        json_out_text(&report->json, store);
        json_out_key(&report->json, "findings");
        json_out_array(&report->json);
    }
}

void report_add(struct report *report, const struct report_finding *finding)
{
    report->count++;
    if (report->as_json) {
        add_json(&report->json, finding);
    } else {
        add_text(report, finding);
    }
}

void report_end(struct report *report, struct str seen)
{
    if (report->as_json) {
        json_out_end(&report->json);
        json_out_key(&report->json, "seen");
        json_out_str(&report->json, seen);
        json_out_end(&report->json);
        buf_char(report->out, '\n');
        return;
    }
    if (report->count == 0) {
        buf_text(report->out, "All is well: ");
    } else {
        buf_printf(report->out, "%zu %s: ", report->count,
                   report->count == 1 ? "finding" : "findings");
    }
    put_plain(report->out, seen);
    buf_char(report->out, '\n');
}
