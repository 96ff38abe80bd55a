"""Contract section 6: bytes on the wire that are refused, limits, time-outs, and the forms of
HTTP/1 that must work. Raw sockets throughout: the clients of other tests would not send these."""

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import orgd

GET_LIVEZ = orgd.request_bytes("GET", "/livez")


def lines(*parts):
    """A header block of these lines, each ended by CR LF, with the empty line behind it."""
    return b"\r\n".join(p if isinstance(p, bytes) else p.encode() for p in parts) + b"\r\n\r\n"


def shape(answer):
    """What is the same for the same request: status, and the body but for its request id."""
    try:
        body = json.loads(answer.body)
        body.pop("request_id", None)
        body.pop("version", None)
    except (ValueError, AttributeError):
        body = answer.body
    return answer.status, body


def talk(server, data, quiet_s=0.6):
    """Sends the bytes; gives every answer until the server closes or has been quiet for a while,
    and whether it closed."""
    with server.connect() as connection:
        connection.send(data)
        answers = []
        connection.socket.settimeout(5)
        while True:
            try:
                answers.append(connection.response())
            except (orgd.ClosedEarly, TimeoutError):
                break
            connection.socket.settimeout(quiet_s)
        assert connection.received == b"", "part of an answer"
        return answers, connection.ended(0.1)


def refusal(connection, timeout=10):
    """Reads one answer and then the end of the connection; gives the answer's status.

    libmicrohttpd 0.9.75 writes the header of a refusal of its own twice, so bytes may follow the
    answer; they are no answer to anything that was sent.
    """
    assert connection.ended(timeout), f"the connection stays open after {connection.received!r}"
    everything = connection.received
    answer = connection.response()
    assert answer.get("connection").lower() == "close"
    if answer.get("x-request-id"):
        assert connection.received == b"", "smuggled"
    assert b'"alive"' not in everything, "smuggled"
    return answer.status


def check_refused(server, data, statuses=(400,)):
    """Such a status, then the end: what follows in the bytes is no request."""
    with server.connect() as connection:
        connection.send(data)
        assert refusal(connection) in statuses


def check_refused_or_same(server, odd, plain):
    """The odd form gets 400 and a closed connection, or means what the plain one means: a request
    that follows on the connection is then seen exactly as behind the plain form."""
    follow = orgd.request_bytes(
        "GET", "/org/get?organization_name=follows-on", [("Connection", "close")]
    )
    expected, _ = talk(server, plain + follow)
    answers, closed = talk(server, odd + follow)
    if [a.status for a in answers] == [400]:
        assert closed
    else:
        assert [shape(a) for a in answers] == [shape(a) for a in expected]


@pytest.fixture(scope="module")
def impatient(store_settings):
    """A server with a time-out of 1 s for a header and 2 s for a body."""
    server = orgd.Server(
        store_settings(),
        environment={"ORGD_HEADER_TIMEOUT_S": "1", "ORGD_BODY_TIMEOUT_S": "2"},
    )
    try:
        server.start()
        yield server
    finally:
        server.close()


# Refused forms

SMUGGLED = GET_LIVEZ

REFUSED = {
    "two equal lengths": lines(
        "POST /admin/login HTTP/1.1", "Host: x", "Content-Length: 2", "Content-Length: 2"
    )
    + b"{}",
    "two lengths, the first of them for the follower": lines(
        "POST /admin/login HTTP/1.1", "Host: x", "Content-Length: 0", "Content-Length: 40"
    ),
    "two lengths in one": lines("POST /admin/login HTTP/1.1", "Host: x", "Content-Length: 2, 2")
    + b"{}",
    "length, then chunked": lines(
        "POST /admin/login HTTP/1.1", "Host: x", "Content-Length: 5", "Transfer-Encoding: chunked"
    )
    + b"0\r\n\r\n",
    "chunked, then length": lines(
        "POST /admin/login HTTP/1.1", "Host: x", "Transfer-Encoding: chunked", "Content-Length: 5"
    )
    + b"0\r\n\r\n",
    "length 0 and chunked": lines(
        "POST /admin/login HTTP/1.1", "Host: x", "Content-Length: 0", "Transfer-Encoding: chunked"
    )
    + b"0\r\n\r\n",
    **{
        f"transfer-encoding {coding!r}": lines(
            "POST /admin/login HTTP/1.1", "Host: x", f"Transfer-Encoding: {coding}"
        )
        + b"2\r\n{}\r\n0\r\n\r\n"
        for coding in (
            "gzip",
            "identity",
            "gzip, chunked",
            "chunked, gzip",
            "chunked, chunked",
            "xchunked",
            "chunkedx",
            "chunk",
            "chunked;q=1",
            '"chunked"',
            ",chunked",
            "chunked,",
            "",
            "\x0bchunked",
            "c\xa0hunked",
        )
    },
    "two transfer-encodings": lines(
        "POST /admin/login HTTP/1.1",
        "Host: x",
        "Transfer-Encoding: chunked",
        "Transfer-Encoding: chunked",
    )
    + b"2\r\n{}\r\n0\r\n\r\n",
    "identity and chunked": lines(
        "POST /admin/login HTTP/1.1",
        "Host: x",
        "Transfer-Encoding: identity",
        "Transfer-Encoding: chunked",
    )
    + b"2\r\n{}\r\n0\r\n\r\n",
    **{
        f"length {length!r}": lines(
            b"POST /admin/login HTTP/1.1", b"Host: x", b"Content-Length: " + length.encode()
        )
        + b"{}"
        for length in (
            "+2",
            "-2",
            "-0",
            "0x2",
            "2x",
            "2 2",
            "2.0",
            "2e0",
            "two",
            "",
            "\u0662",
            "2;",
            '"2"',
        )
    },
    **{
        f"chunk size {size!r}": lines(
            "POST /admin/login HTTP/1.1", "Host: x", "Transfer-Encoding: chunked"
        )
        + size.encode()
        + b"\r\n{}\r\n0\r\n\r\n"
        for size in ("zz", "-2", "+2", "0x2", "2g", "", "x2", ";", "two", "\u0662")
    },
    "two hosts": lines("GET /livez HTTP/1.1", "Host: x", "Host: y"),
    "two equal hosts": lines("GET /livez HTTP/1.1", "Host: x", "Host: x"),
    "no host": lines("GET /livez HTTP/1.1"),
    "no host but other headers": lines("GET /livez HTTP/1.1", "X-Host: x", "Accept: */*"),
    "two hosts on HTTP/1.0": lines("GET /livez HTTP/1.0", "Host: x", "Host: y"),
    "space before a colon": lines("GET /livez HTTP/1.1", "Host: x", "X-A : b"),
    "tab before a colon": lines("GET /livez HTTP/1.1", "Host: x", "X-A\t: b"),
    "space before the host's colon": lines("GET /livez HTTP/1.1", "Host : x"),
    "space before the length's colon": lines(
        "POST /admin/login HTTP/1.1", "Host: x", "Content-Length : 40"
    ),
    "space before the encoding's colon": lines(
        "POST /admin/login HTTP/1.1", "Host: x", "Transfer-Encoding : chunked"
    )
    + b"0\r\n\r\n",
    "space inside a header's name": lines("GET /livez HTTP/1.1", "Host: x", "X A: b"),
    "space before the first header": lines("GET /livez HTTP/1.1", " X-A: b", "Host: x"),
    "tab before the first header": lines("GET /livez HTTP/1.1", "\tX-A: b", "Host: x"),
    "space before a first header that is the host": lines("GET /livez HTTP/1.1", " Host: x"),
    "line without a colon": lines("GET /livez HTTP/1.1", "Host: x", "nonsense"),
    "bare CR in a value": lines("GET /livez HTTP/1.1", "Host: x", "X-A: b\rX-C: d"),
    "bare CR at a value's end": lines("GET /livez HTTP/1.1", "Host: x", "X-A: b\r"),
    "bare CR at a value's start": lines("GET /livez HTTP/1.1", "Host: x", "X-A:\rb"),
    "bare CR in a name": lines("GET /livez HTTP/1.1", "Host: x", "X-\rA: b"),
    "bare CR before a length": lines(
        "POST /admin/login HTTP/1.1", "Host: x", "X-A: b\rContent-Length: 40"
    ),
    "bare CR in the host": lines("GET /livez HTTP/1.1", "Host: x\ry"),
}


@pytest.mark.parametrize("form", REFUSED)
def test_ambiguous_form_is_400_and_the_end_of_the_connection(form, server):
    check_refused(server, REFUSED[form] + SMUGGLED)
    assert server.client.get("/livez").status_code == 200


@pytest.mark.parametrize("form", REFUSED)
def test_ambiguous_form_is_refused_also_as_a_later_request(form, server):
    with server.connect() as connection:
        connection.send(GET_LIVEZ)
        assert connection.response().status == 200
        connection.send(REFUSED[form] + SMUGGLED)
        assert refusal(connection) == 400


@pytest.mark.parametrize(
    "size", [b"10000000000000000", b"10000000000000002", b"fffffffffffffffff", b"f" * 40]
)
def test_chunk_size_beyond_any_number_is_413(size, server):
    head = lines("POST /admin/login HTTP/1.1", "Host: x", "Transfer-Encoding: chunked")
    check_refused(server, head + size + b"\r\n{}\r\n0\r\n\r\n" + SMUGGLED, statuses=(413,))


@pytest.mark.parametrize(
    "size", [b"fffffff", b"7fffffffffffffff", b"8000000000000000", b"ffffffffffffffff"]
)
def test_chunk_far_larger_than_the_limit_never_ends_early(size, impatient):
    """413 at once or when the time is up; never does what stands in the chunk become a request."""
    head = lines("POST /admin/login HTTP/1.1", "Host: x", "Transfer-Encoding: chunked")
    with impatient.connect() as connection:
        connection.send(head + size + b"\r\n{}\r\n0\r\n\r\n" + SMUGGLED)
        answers = connection.responses_until_end()
    assert [a.status for a in answers] in ([413], [])


@pytest.mark.parametrize(
    "length", ["9223372036854775807", "9223372036854775808", "18446744073709551617", "9" * 40]
)
def test_length_beyond_any_number_is_refused(length, server):
    head = lines("POST /admin/login HTTP/1.1", "Host: x", f"Content-Length: {length}")
    check_refused(server, head + b"{}" + SMUGGLED, statuses=(413, 400))


def test_chunk_longer_than_it_says_is_refused(server):
    head = lines("POST /admin/login HTTP/1.1", "Host: x", "Transfer-Encoding: chunked")
    answers, closed = talk(server, head + b"2\r\n{}xx\r\n0\r\n\r\n" + SMUGGLED)
    assert [a.status for a in answers] in ([400], []) and closed


def test_smuggled_write_does_not_happen(server):
    """The classic pair: what one reader takes as the body is a request to the other."""
    name = orgd.unique()
    body = json.dumps(
        {"organization_name": name, "email": orgd.unique_email(), "password": orgd.PASSWORD}
    )
    hidden = orgd.request_bytes("POST", "/org/create", body=body)
    for head in (
        ["Content-Length: 6", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: chunked", "Content-Length: 6"],
        ["Content-Length: 5", "Content-Length: 6"],
        ["Transfer-Encoding: xchunked"],
        ["Transfer-Encoding : chunked"],
        ["Content-Length: +5"],
    ):
        data = lines("POST /admin/login HTTP/1.1", "Host: x", *head) + b"0\r\n\r\n" + hidden
        check_refused(server, data)
    found = server.client.get("/org/get", params={"organization_name": name})
    assert found.status_code == 404


# Forms that the HTTP library may hide


@pytest.mark.parametrize("blank", [b" ", b"\t", b"  \t "])
@pytest.mark.parametrize(
    "before,value",
    [(b"X-A: a", b"b"), (b"X-A:", b"b"), (b"X-A: a", b"Content-Length: 9"), (b"X-A: a", b"")],
)
def test_folded_header_is_refused_or_means_nothing_else(blank, before, value, server):
    plain = lines("POST /admin/login HTTP/1.1", "Host: x", "Content-Length: 2") + b"{}"
    odd = lines("POST /admin/login HTTP/1.1", "Host: x", before, blank + value, "Content-Length: 2")
    check_refused_or_same(server, odd + b"{}", plain)
    odd = lines("POST /admin/login HTTP/1.1", "Host: x", "Content-Length: 2", before, blank + value)
    check_refused_or_same(server, odd + b"{}", plain)


@pytest.mark.parametrize("fold", [b" ", b"\t", b" x", b" 0", b" X-B: c"])
def test_fold_behind_a_length_is_refused_or_keeps_the_length(fold, server):
    body = GET_LIVEZ  # taken for a request where the length gets lost
    head = [b"POST /admin/login HTTP/1.1", b"Host: x"]
    length = b"Content-Length: %d" % len(body)
    odd = lines(*head, length, fold) + body
    if fold.strip() == b"":
        check_refused_or_same(server, odd, lines(*head, length) + body)
    else:
        check_refused(server, odd + SMUGGLED)
    empty = lines(*head, b"Content-Length:", b" %d" % len(body)) + body
    check_refused_or_same(server, empty, lines(*head, length) + body)


@pytest.mark.parametrize("fold", [b" ", b"\t", b" x", b" , gzip", b" X-B: c"])
def test_fold_behind_a_transfer_encoding_is_refused_or_keeps_the_encoding(fold, server):
    body = b"%x\r\n" % len(GET_LIVEZ) + GET_LIVEZ + b"\r\n0\r\n\r\n"
    head = [b"POST /admin/login HTTP/1.1", b"Host: x"]
    plain = lines(*head, b"Transfer-Encoding: chunked") + body
    odd = lines(*head, b"Transfer-Encoding: chunked", fold) + body
    if fold.strip() == b"":
        check_refused_or_same(server, odd, plain)
    else:
        check_refused(server, odd + SMUGGLED)
    check_refused_or_same(server, lines(*head, b"Transfer-Encoding:", b" chunked") + body, plain)


def test_fold_makes_no_length_or_encoding(server):
    """A continuation is no header: what looks like one in it is part of the value above."""
    head = [b"GET /org/get?organization_name=x HTTP/1.1", b"Host: x"]
    plain = lines(*head, b"X-A: a")
    for fold in (b" Content-Length: 60", b" Transfer-Encoding: chunked", b"\tContent-Length: 60"):
        check_refused_or_same(server, lines(*head, b"X-A: a", fold), plain)
        check_refused_or_same(server, lines(*head, b"X-A: a", fold, b"X-B: b"), plain)


@pytest.mark.parametrize("fold", [b" x", b"\tx", b" ", b" , Bearer y", b" X-B: c"])
def test_fold_behind_a_token_is_refused_or_never_a_good_token(fold, server, tenant):
    head = [f"GET {tenant.documents} HTTP/1.1".encode(), b"Host: x"]
    good = b"Authorization: Bearer " + tenant.token.encode()
    answers, _ = talk(server, lines(*head, good, fold))
    assert len(answers) == 1
    if fold.strip() == b"":
        assert answers[0].status in (400, 200, 401)
    else:
        assert answers[0].status in (400, 401)


def test_fold_does_not_move_a_token_into_another_header(server, tenant):
    head = [f"GET {tenant.documents} HTTP/1.1".encode(), b"Host: x"]
    token = tenant.token.encode()
    for odd in (
        lines(*head, b"X-A: a", b" Authorization: Bearer " + token),
        lines(*head, b"X-A: a", b"\tAuthorization: Bearer " + token, b"X-B: b"),
    ):
        answers, _ = talk(server, odd)
        assert [a.status for a in answers] in ([400], [401])


def test_fold_behind_an_admin_email_is_refused_or_keeps_it(server):
    tenant = server.new_tenant()
    other = orgd.unique_email()
    head = [b"DELETE /org/delete HTTP/1.1", b"Host: x"]
    token = b"Authorization: Bearer " + tenant.token.encode()
    email = b"x-admin-email: " + other.encode()
    answers, _ = talk(server, lines(*head, token, email, b" "))
    assert [a.status for a in answers] in ([400], [403])
    found = server.client.get("/org/get", params={"organization_name": tenant.name})
    assert found.status_code == 200


NUL_FORMS = [
    b"X-A: a\0b",
    b"X-A: a\0",
    b"X-A: \0",
    b"X-A: a\0\r",
    b"X-A: a\0X-B: c",
    b"X-A\0: b",
    b"\0X-A: b",
    b"X-A: a\0Content-Length: 60",
    b"\0",
]


@pytest.mark.parametrize("form", NUL_FORMS, ids=repr)
def test_nul_in_a_header_is_refused_or_means_nothing(form, server):
    head = [b"POST /admin/login HTTP/1.1", b"Host: x"]
    plain = lines(*head, b"Content-Length: 2") + b"{}"
    check_refused_or_same(server, lines(*head, form, b"Content-Length: 2") + b"{}", plain)
    check_refused_or_same(server, lines(*head, b"Content-Length: 2", form) + b"{}", plain)


@pytest.mark.parametrize(
    "form", [b"Content-Length: 2\0", b"Content-Length: 2\x000", b"Content-Length\0: 2"], ids=repr
)
def test_nul_in_a_length_is_refused_or_keeps_it(form, server):
    head = [b"POST /admin/login HTTP/1.1", b"Host: x"]
    plain = lines(*head, b"Content-Length: 2") + b"{}"
    if form.startswith(b"Content-Length:"):
        check_refused_or_same(server, lines(*head, form) + b"{}", plain)
    else:
        check_refused_or_same(server, lines(*head, form), lines(*head))


def test_nul_behind_a_token_makes_no_other_token_of_it(server, tenant):
    head = [f"GET {tenant.documents} HTTP/1.1".encode(), b"Host: x"]
    token = b"Authorization: Bearer " + tenant.token.encode()
    answers, _ = talk(server, lines(*head, token + b"\0"))
    assert [a.status for a in answers] in ([400], [401], [200])
    answers, _ = talk(server, lines(*head, b"Authorization: Bearer \0" + tenant.token.encode()))
    assert [a.status for a in answers] in ([400], [401])


def test_nul_in_the_request_line_is_refused(server):
    for target in (b"/livez\0", b"/\0livez", b"/livez?a=\0b", b"/livez\0/x"):
        answers, _ = talk(server, lines(b"GET " + target + b" HTTP/1.1", b"Host: x"))
        assert [a.status for a in answers] in ([400], [404], [])


def test_bare_lf_is_refused_or_means_nothing_else(server):
    plain = lines("POST /admin/login HTTP/1.1", "Host: x", "X-A: b", "Content-Length: 2") + b"{}"
    for odd in (
        plain.replace(b"\r\n", b"\n"),
        plain.replace(b"X-A: b\r\n", b"X-A: b\n"),
        plain.replace(b"Host: x\r\n", b"Host: x\n"),
        plain.replace(b"Content-Length: 2\r\n", b"Content-Length: 2\n"),
        plain.replace(b"HTTP/1.1\r\n", b"HTTP/1.1\n"),
        plain.replace(b"2\r\n\r\n", b"2\r\n\n"),
        plain.replace(b"2\r\n\r\n", b"2\n\r\n"),
    ):
        check_refused_or_same(server, odd, plain)


def test_bare_lf_in_a_chunked_body_is_refused_or_means_nothing_else(server):
    head = lines("POST /admin/login HTTP/1.1", "Host: x", "Transfer-Encoding: chunked")
    body = b"2\r\n{}\r\n0\r\n\r\n"
    for odd in (b"2\n{}\r\n0\r\n\r\n", b"2\r\n{}\n0\r\n\r\n", b"2\r\n{}\r\n0\n\r\n"):
        check_refused_or_same(server, head + odd, head + body)


@pytest.mark.parametrize("line", [b":", b": b", b":Content-Length: 60"], ids=repr)
def test_header_without_a_name_is_refused_or_means_nothing(line, server):
    head = [b"POST /admin/login HTTP/1.1", b"Host: x", b"X-A: b", b"Content-Length: 2"]
    plain = lines(*head) + b"{}"
    for at in range(1, len(head) + 1):
        check_refused_or_same(server, lines(*head[:at], line, *head[at:]) + b"{}", plain)


# Any bytes at all

PIECES = [
    b"GET ",
    b"POST ",
    b"/livez",
    b"/org/get",
    b" HTTP/1.1",
    b" HTTP/1.0",
    b" HTTP/9.9",
    b"\r\n",
    b"\n",
    b"\r",
    b" ",
    b"\t",
    b":",
    b"\0",
    b"Host: x\r\n",
    b"Content-Length: ",
    b"2",
    b"0",
    b"99999999999999999999",
    b"Transfer-Encoding: chunked\r\n",
    b"\r\n\r\n",
    b"{}",
    b"ff\r\n",
    b"Expect: 100-continue\r\n",
    b"Connection: close\r\n",
    b"Connection: keep-alive\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"%00",
    b"%",
    b"?",
    b"*",
    b"x" * 300,
    b"\xff\xfe",
]


@given(st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=20)), max_size=25))
@settings(
    max_examples=150,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_no_bytes_bring_it_down_or_make_it_answer_5xx(server, pieces):
    with server.connect(timeout=2) as connection:
        connection.send(b"".join(pieces))
        connection.ended(0.03)
        received = connection.received
    for status in re.findall(rb"HTTP/1\.[01] (\d{3})", received):
        assert int(status) < 500 or status in (b"501", b"505"), received
    assert server.running
    assert server.client.get("/livez").status_code == 200


# Limits of the header


def target_of_length(length):
    """A request line of so many bytes, its CR LF not among them."""
    start, end = b"GET /livez?", b" HTTP/1.1"
    return start + b"x" * (length - len(start) - len(end)) + end


def test_request_line_of_8_kib_is_taken(server):
    answers, _ = talk(server, lines(target_of_length(8190), "Host: x") + GET_LIVEZ)
    assert [a.status for a in answers] == [200, 200]


@pytest.mark.parametrize("length", [8193, 9000, 16384, 40000, 100000, 2000000])
def test_longer_request_line_is_414(length, server):
    with server.connect() as connection:
        connection.send(lines(target_of_length(length), "Host: x"))
        assert connection.response().status == 414
    assert server.client.get("/livez").status_code == 200


def header_lines(count, size):
    """So many header lines, one of them the host, of so many bytes in all, line ends included."""
    made = [b"Host: x"] + [b"X-%03d: " % i for i in range(count - 1)]
    left = size - sum(len(line) + 2 for line in made)
    each, rest = divmod(left, count - 1)
    for i in range(1, count):
        made[i] += b"y" * (each + (rest if i == 1 else 0))
    assert sum(len(line) + 2 for line in made) == size
    return made


@pytest.mark.parametrize("count,size", [(2, 16384), (100, 16384), (100, 4000), (20, 16000)])
def test_header_fields_up_to_the_limits_are_taken(count, size, server):
    data = lines("GET /livez HTTP/1.1", *header_lines(count, size))
    answers, _ = talk(server, data + data)
    assert [a.status for a in answers] == [200, 200]


def test_longest_request_line_and_most_header_fields_go_together(server):
    data = lines(target_of_length(8190), *header_lines(100, 16384))
    answers, _ = talk(server, data + data)
    assert [a.status for a in answers] == [200, 200]


@pytest.mark.parametrize(
    "count,size",
    [
        (2, 16385),
        (100, 16385),
        (101, 4000),
        (200, 8000),
        (2, 40000),
        (1000, 16000),
        (2, 2000000),
        (500, 500000),
    ],
)
def test_more_header_fields_are_431(count, size, server):
    with server.connect() as connection:
        connection.send(lines("GET /livez HTTP/1.1", *header_lines(count, size)))
        assert connection.response().status == 431
    assert server.client.get("/livez").status_code == 200


def test_limits_of_the_header_are_settings(serve):
    server = serve(
        {
            "ORGD_MAX_REQUEST_LINE_BYTES": "1000",
            "ORGD_MAX_HEADER_BYTES": "2000",
            "ORGD_MAX_HEADERS": "10",
        }
    )

    def status(line_length, count, size):
        answers, _ = talk(server, lines(target_of_length(line_length), *header_lines(count, size)))
        return [a.status for a in answers]

    assert status(990, 10, 2000) == [200]
    assert status(1003, 10, 2000) == [414]
    assert status(990, 11, 2000) == [431]
    assert status(990, 10, 2001) == [431]


# Limits of the body


def blank_body(length):
    return b"{}" + b" " * (length - 2)


def chunked(body, size=8192):
    parts = [body[i : i + size] for i in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def test_body_of_64_kib_is_read(server):
    body = blank_body(65536)
    assert server.client.post("/admin/login", content=body).status_code == 422
    head = lines("POST /admin/login HTTP/1.1", "Host: x", "Transfer-Encoding: chunked")
    answers, _ = talk(server, head + chunked(body) + GET_LIVEZ)
    assert [a.status for a in answers] == [422, 200]


@pytest.mark.parametrize("length", [65537, 100000, 1048577])
@pytest.mark.parametrize(
    "method,path",
    [
        ("POST", "/admin/login"),
        ("POST", "/org/create"),
        ("PUT", "/org/update"),
        ("GET", "/org/get"),
        ("DELETE", "/org/delete"),
    ],
)
def test_larger_body_is_413(method, path, length, server, tenant):
    answer = server.client.request(method, path, content=blank_body(length), headers=tenant.headers)
    assert answer.status_code == 413
    assert answer.json()["code"] == "too_large"


@pytest.mark.parametrize("length", [65537, 300000])
def test_larger_chunked_body_is_413(length, server):
    head = lines("POST /admin/login HTTP/1.1", "Host: x", "Transfer-Encoding: chunked")
    with server.connect() as connection:
        connection.send(head + chunked(blank_body(length)))
        assert connection.response("POST").status == 413


def test_body_that_says_it_is_too_large_is_413_before_it_comes(server):
    """The answer is there while not one byte of the body is."""
    with server.connect() as connection:
        connection.send(lines("POST /org/create HTTP/1.1", "Host: x", "Content-Length: 65537"))
        assert connection.response("POST").status == 413


def document_of_length(length):
    return b'{"t":"' + b"x" * (length - 8) + b'"}'


def test_document_of_1_mib_is_taken_and_a_larger_one_is_413(server, tenant):
    client = server.client
    largest = document_of_length(1048576)
    made = client.post(tenant.documents, headers=tenant.headers, content=largest)
    assert made.status_code in (201, 413), "with its _id it may be a byte too long"
    fits = client.put(
        f"{tenant.documents}/a", headers=tenant.headers, content=document_of_length(1048000)
    )
    assert fits.status_code == 201
    larger = document_of_length(1048577)
    for method, path in (
        ("POST", tenant.documents),
        ("PUT", f"{tenant.documents}/b"),
        ("PATCH", f"{tenant.documents}/a"),
    ):
        answer = client.request(method, path, headers=tenant.headers, content=larger)
        assert answer.status_code == 413, method
        assert answer.json()["code"] == "too_large"


def test_limits_of_the_body_are_settings(serve):
    server = serve({"ORGD_MAX_BODY_BYTES": "2000", "ORGD_MAX_DOCUMENT_BYTES": "5000"})
    tenant = server.new_tenant()
    client = server.client
    assert client.post("/admin/login", content=blank_body(2000)).status_code == 422
    assert client.post("/admin/login", content=blank_body(2001)).status_code == 413
    for length, status in ((4900, 201), (5001, 413)):
        answer = client.post(
            tenant.documents, headers=tenant.headers, content=document_of_length(length)
        )
        assert answer.status_code == status


# Expect: 100-continue

EXPECT = "Expect: 100-continue"


def test_expecting_client_is_told_to_go_on(server):
    with server.connect() as connection:
        connection.send(lines("POST /admin/login HTTP/1.1", "Host: x", EXPECT, "Content-Length: 2"))
        assert connection.wait_interim() == 100
        connection.send(b"{}")
        assert connection.response("POST").status == 422
        connection.send(GET_LIVEZ)
        assert connection.response().status == 200
        assert connection.interim == [100]


def test_expecting_client_with_chunks_is_told_to_go_on(server):
    with server.connect() as connection:
        connection.send(
            lines("POST /admin/login HTTP/1.1", "Host: x", EXPECT, "Transfer-Encoding: chunked")
        )
        assert connection.wait_interim() == 100
        connection.send(chunked(b"{}"))
        assert connection.response("POST").status == 422


@pytest.mark.parametrize("path,length", [("/org/create", 65537), ("/org/create", 10**12)])
def test_expecting_client_with_too_much_gets_413_and_no_100(path, length, server):
    with server.connect() as connection:
        connection.send(
            lines(f"POST {path} HTTP/1.1", "Host: x", EXPECT, f"Content-Length: {length}")
        )
        assert connection.response("POST").status == 413
        assert connection.interim == []


def test_expecting_client_with_too_large_a_document_gets_413_and_no_100(server, tenant):
    with server.connect() as connection:
        connection.send(
            lines(
                f"POST {tenant.documents} HTTP/1.1",
                "Host: x",
                EXPECT,
                f"Authorization: Bearer {tenant.token}",
                "Content-Length: 1048577",
            )
        )
        assert connection.response("POST").status == 413
        assert connection.interim == []


def test_http_1_0_client_gets_no_100(server):
    with server.connect() as connection:
        connection.send(lines("POST /admin/login HTTP/1.0", EXPECT, "Content-Length: 2") + b"{}")
        assert connection.response("POST").status == 422
        assert connection.interim == []


# Time-outs


def drip(connection, data, every_s, most_s):
    """Sends byte by byte; gives the seconds until the server had closed."""
    began = time.monotonic()
    for i in range(len(data)):
        connection.send(data[i : i + 1])
        if connection.ended(every_s):
            return time.monotonic() - began
        if time.monotonic() - began > most_s:
            break
    raise AssertionError(f"open after {time.monotonic() - began:.1f} s of dripping")


SLACK_S = 1.5


def test_dripped_header_is_cut_off_in_all_not_per_byte(impatient):
    with impatient.connect() as connection:
        took = drip(connection, b"GET /livez HTTP/1.1\r\nX-A: " + b"b" * 100, 0.1, 1 + SLACK_S)
    assert took >= 0.8


def test_dripped_header_lines_are_cut_off(impatient):
    with impatient.connect() as connection:
        connection.send(b"GET /livez HTTP/1.1\r\nHost: x\r\n")
        began = time.monotonic()
        while not connection.ended(0.1):
            connection.send(b"X-A: b\r\n")
            assert time.monotonic() - began < 1 + SLACK_S
        assert time.monotonic() - began >= 0.8


def test_dripped_header_of_a_later_request_is_cut_off(impatient):
    with impatient.connect() as connection:
        connection.send(GET_LIVEZ)
        assert connection.response().status == 200
        took = drip(connection, b"GET /livez HTTP/1.1\r\nX-A: " + b"b" * 100, 0.1, 1 + SLACK_S)
    assert took >= 0.8


@pytest.mark.parametrize("sent", [b"", b"G", b"GET /livez HTTP/1.1\r\nHost: x\r\n"])
def test_silent_connection_is_closed(sent, impatient):
    with impatient.connect() as connection:
        began = time.monotonic()
        connection.send(sent)
        assert connection.ended(1 + SLACK_S)
        assert time.monotonic() - began >= 0.8


def test_dripped_body_is_cut_off_in_all_not_per_byte(impatient):
    with impatient.connect() as connection:
        connection.send(lines("POST /admin/login HTTP/1.1", "Host: x", "Content-Length: 1000"))
        took = drip(connection, b" " * 1000, 0.1, 2 + SLACK_S)
    assert took >= 1.8


def test_dripped_chunks_are_cut_off_in_all(impatient):
    with impatient.connect() as connection:
        connection.send(
            lines("POST /admin/login HTTP/1.1", "Host: x", "Transfer-Encoding: chunked")
        )
        took = drip(connection, b"1\r\n \r\n" * 200, 0.1, 2 + SLACK_S)
    assert took >= 1.8


def test_silent_body_is_cut_off(impatient):
    with impatient.connect() as connection:
        connection.send(
            lines("POST /admin/login HTTP/1.1", "Host: x", "Content-Length: 10") + b"{}"
        )
        began = time.monotonic()
        assert connection.ended(2 + SLACK_S)
        assert time.monotonic() - began >= 1.8


def test_slow_but_timely_request_is_answered(impatient):
    with impatient.connect() as connection:
        for _ in range(3):
            for part in (
                b"POST /admin/login HTT",
                b"P/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n",
                b"{",
                b"}",
            ):
                time.sleep(0.3)
                connection.send(part)
            assert connection.response("POST").status == 422


def test_many_slow_clients_do_not_hold_up_the_others(impatient):
    slow = [impatient.connect() for _ in range(100)]
    for connection in slow:
        connection.send(b"GET /livez HTTP/1.1\r\nX-A")
    began = time.monotonic()
    assert impatient.client.get("/readyz").status_code == 200
    assert time.monotonic() - began < 1
    for connection in slow:
        assert connection.ended(1 + SLACK_S)
        connection.close()


# Numbers of connections


def is_served(connection):
    connection.send(GET_LIVEZ)
    try:
        return connection.response().status == 200
    except orgd.ClosedEarly:
        return False


def wait_for_a_place(server, **options):
    """Until a new connection is served: closed ones are noticed a moment later."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        with server.connect(**options) as connection:
            if is_served(connection):
                return
        time.sleep(0.05)
    raise AssertionError("no place comes free")


def test_connections_beyond_the_limit_are_closed_at_once(serve):
    server = serve({"ORGD_MAX_CONNECTIONS": "8"})
    held = [server.connect() for _ in range(8)]
    assert all(is_served(connection) for connection in held)
    for _ in range(5):
        with server.connect() as beyond:
            assert beyond.ended(1)
            assert beyond.received == b""
    assert all(is_served(connection) for connection in held), "the others are not touched"
    held.pop().close()
    wait_for_a_place(server)
    for connection in held:
        connection.close()
    wait_for_a_place(server)
    text = server.client.get("/metrics").text
    assert 'orgd_refused_total{reason="connections"} 0' not in text


def test_connections_of_one_address_are_limited_for_themselves(serve):
    server = serve({"ORGD_MAX_CONNECTIONS_PER_ADDRESS": "4"})
    held = [server.connect(source="127.0.0.2") for _ in range(4)]
    assert all(is_served(connection) for connection in held)
    with server.connect(source="127.0.0.2") as beyond:
        assert beyond.ended(1) and beyond.received == b""
    with server.connect(source="127.0.0.3") as other:
        assert is_served(other)
    held.pop().close()
    wait_for_a_place(server, source="127.0.0.2")
    for connection in held:
        connection.close()


def test_connections_beyond_the_limit_that_come_and_go_leave_no_trace(serve):
    server = serve({"ORGD_MAX_CONNECTIONS_PER_ADDRESS": "16"})
    with ThreadPoolExecutor(16) as pool:

        def come_and_go(_):
            for _ in range(30):
                with server.connect() as connection:
                    is_served(connection)

        list(pool.map(come_and_go, range(16)))
    time.sleep(0.1)
    held = []
    deadline = time.monotonic() + 5
    while len(held) < 16:
        assert time.monotonic() < deadline, f"only {len(held)} of 16 places are left"
        connection = server.connect()
        if is_served(connection):
            held.append(connection)
        else:
            connection.close()
            time.sleep(0.05)
    for connection in held:
        connection.close()


# HTTP/1.0, pipelining, chunks, targets


def test_http_1_0_needs_no_host_and_ends_the_connection(server):
    with server.connect() as connection:
        connection.send(lines("GET /livez HTTP/1.0"))
        answers = connection.responses_until_end()
    assert [a.status for a in answers] == [200]
    assert answers[0].get("transfer-encoding") is None


def test_http_1_0_client_gets_a_whole_body_and_no_chunks(server):
    with server.connect() as connection:
        connection.send(lines("GET /openapi.json HTTP/1.0"))
        (answer,) = connection.responses_until_end()
    assert answer.get("transfer-encoding") is None
    assert json.loads(answer.body)["openapi"]


def test_connection_close_ends_the_connection(server):
    data = orgd.request_bytes("GET", "/livez", [("Connection", "close")])
    with server.connect() as connection:
        connection.send(data + GET_LIVEZ)
        answers = connection.responses_until_end()
    assert [a.status for a in answers] == [200]
    assert answers[0].get("connection").lower() == "close"


def test_connection_is_kept_over_answers_of_every_kind(server, tenant):
    requests = [
        ("GET", "/livez", b"", 200),
        ("GET", "/nowhere", b"", 404),
        ("POST", "/livez", b"{}", 405),
        ("POST", "/nowhere", b"{}", 404),
        ("OPTIONS", "/livez", b"", 204),
        ("HEAD", "/livez", b"", 200),
        ("PUT", "/org/update", b"{}", 401),
        ("POST", "/org/create", b"{", 400),
        ("POST", "/org/create", b"{}", 422),
        ("POST", "/admin/login", b'{"email": "a@b.c", "password": "x"}', 401),
        ("GET", tenant.documents, b"", 401),
        ("GET", "/org/get", b"{}", 422),
    ]
    with server.connect() as connection:
        for method, target, body, status in requests:
            connection.send(orgd.request_bytes(method, target, body=body))
            assert connection.response(method).status == status, target
        assert not connection.ended(0.2)


def test_pipelined_requests_are_answered_in_their_order(server):
    orgs = [server.create_org() for _ in range(5)]
    requests, expected = [], []
    for i in range(60):
        org = orgs[i % 5]
        if i % 3 == 0:
            requests.append(orgd.request_bytes("GET", f"/org/get?organization_name={org.name}"))
            expected.append((200, org.name))
        elif i % 3 == 1:
            requests.append(orgd.request_bytes("POST", "/admin/login", body="{}"))
            expected.append((422, None))
        else:
            body = json.dumps({"organization_name": org.name})
            requests.append(orgd.request_bytes("GET", "/org/get", body=body))
            expected.append((200, org.name))
    with server.connect() as connection:
        connection.send(b"".join(requests))
        for status, name in expected:
            answer = connection.response()
            assert answer.status == status
            assert json.loads(answer.body).get("organization_name") == name


def test_pipelined_write_is_seen_by_the_read_behind_it(server):
    name, email = orgd.unique(), orgd.unique_email()
    body = json.dumps({"organization_name": name, "email": email, "password": orgd.PASSWORD})
    with server.connect() as connection:
        connection.send(
            orgd.request_bytes("GET", f"/org/get?organization_name={name}")
            + orgd.request_bytes("POST", "/org/create", body=body)
            + orgd.request_bytes("GET", f"/org/get?organization_name={name}")
        )
        assert [connection.response().status for _ in range(3)] == [404, 200, 200]


def test_bytes_that_come_one_at_a_time_make_the_same_request(server):
    org = server.create_org()
    body = json.dumps({"email": org.email, "password": org.password})
    with server.connect() as connection:
        for data in (
            orgd.request_bytes("GET", f"/org/get?organization_name={org.name}"),
            orgd.request_bytes("POST", "/admin/login", body=body),
        ):
            for i in range(len(data)):
                connection.send(data[i : i + 1])
            assert connection.response("POST").status == 200


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_chunked_body_is_put_together(size, server):
    name, email = orgd.unique(), orgd.unique_email()
    body = json.dumps({"organization_name": name, "email": email, "password": orgd.PASSWORD})
    head = lines("POST /org/create HTTP/1.1", "Host: x", "Transfer-Encoding: chunked")
    answers, closed = talk(server, head + chunked(body.encode(), size) + GET_LIVEZ)
    assert [a.status for a in answers] == [200, 200] and not closed
    assert json.loads(answers[0].body)["organization_name"] == name


@pytest.mark.parametrize("name", ["chunked", "Chunked", "CHUNKED"])
def test_transfer_encoding_is_told_by_its_letters_not_their_case(name, server):
    head = lines("POST /admin/login HTTP/1.1", "Host: x", f"transfer-encoding: {name}")
    answers, _ = talk(server, head + chunked(b"{}") + GET_LIVEZ)
    assert [a.status for a in answers] == [422, 200]


def test_chunk_extensions_are_skipped(server):
    head = lines("POST /admin/login HTTP/1.1", "Host: x", "Transfer-Encoding: chunked")
    data = head + b'2;a=b;c="d"\r\n{}\r\n0;e\r\n\r\n' + GET_LIVEZ
    answers, _ = talk(server, data)
    assert [a.status for a in answers] == [422, 200]


def test_chunk_size_with_leading_zeros_and_capitals_is_hex(server):
    head = lines("POST /admin/login HTTP/1.1", "Host: x", "Transfer-Encoding: chunked")
    data = head + b"000A\r\n{        }\r\n00\r\n\r\n" + GET_LIVEZ
    answers, _ = talk(server, data)
    assert [a.status for a in answers] == [422, 200]


def test_trailers_are_no_headers(server, tenant):
    """They change nothing about the answer; behind it the connection may be said to end."""
    follow = orgd.request_bytes("GET", "/livez", [("Connection", "close")])
    body = b"2\r\n{}\r\n0\r\n"
    for target, trailer, status in (
        (tenant.documents, f"Authorization: Bearer {tenant.token}\r\n", 401),
        ("/admin/login", "Content-Length: 50\r\n", 422),
        ("/admin/login", "X-A: b\r\nX-C: d\r\n", 422),
        ("/admin/login", "Host: y\r\n", 422),
        ("/admin/login", "Transfer-Encoding: gzip\r\n", 422),
    ):
        head = lines(f"POST {target} HTTP/1.1", "Host: x", "Transfer-Encoding: chunked")
        answers, closed = talk(server, head + body + trailer.encode() + b"\r\n" + follow)
        assert closed
        if answers[0].status == 400:
            assert len(answers) == 1
            continue
        assert answers[0].status == status
        ends = (answers[0].get("connection") or "").lower() == "close"
        assert [a.status for a in answers[1:]] == ([] if ends else [200])


def test_endless_trailers_are_cut_off(server):
    head = lines("POST /admin/login HTTP/1.1", "Host: x", "Transfer-Encoding: chunked")
    with server.connect() as connection:
        connection.send(head + b"2\r\n{}\r\n0\r\n" + b"X-Trailer: " + b"y" * 100 + b"\r\n")
        connection.send(b"X-Trailer: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n" * 50000)
        assert connection.ended(5)
    assert server.client.get("/livez").status_code == 200


def test_absolute_form_of_the_target_is_taken(server):
    org = server.create_org()
    for origin in ("http://orgd.test", "http://orgd.test:8000", "HTTP://x", server.url):
        target = f"{origin}/org/get?organization_name={org.name}"
        answers, _ = talk(server, orgd.request_bytes("GET", target))
        assert [a.status for a in answers] == [200], origin
        assert json.loads(answers[0].body) == org.body
    answers, _ = talk(server, orgd.request_bytes("GET", "http://orgd.test"))
    assert [a.status for a in answers] == [200]
    answers, _ = talk(server, orgd.request_bytes("GET", "http://orgd.test/nowhere"))
    assert [a.status for a in answers] == [404]


@pytest.mark.parametrize(
    "target",
    ["livez", "*", "http:/livez", "//orgd.test/livez", "/./livez", "/x/../livez", "//livez"],
)
def test_other_forms_of_the_target_find_no_route(target, server):
    answers, _ = talk(server, orgd.request_bytes("GET", target))
    assert [a.status for a in answers] in ([404], [400])


def test_connect_method_opens_no_tunnel(server):
    answers, _ = talk(server, orgd.request_bytes("CONNECT", "example.com:443"))
    assert len(answers) <= 1 and all(a.status in (400, 404, 405, 501) for a in answers)


@pytest.mark.parametrize(
    "line",
    [
        "GET /livez",
        "GET",
        "GET  /livez HTTP/1.1",
        "GET /livez HTTP/1.1 x",
        "GET /livez HTTP/11",
        "GET /livez HTTQ/1.1",
        "GET /livez HTTP/2.0",
        "/livez HTTP/1.1",
        "G\tT /livez HTTP/1.1",
        "GET /li vez HTTP/1.1",
        "GET /livez http/1.1",
    ],
)
def test_malformed_request_line_is_refused_or_is_one_request(line, server):
    answers, closed = talk(server, lines(line, "Host: x") + GET_LIVEZ)
    statuses = [a.status for a in answers]
    if statuses[:1] in ([404], [405], [200]) and not closed:
        statuses.remove(200)  # the request behind it
    assert statuses in ([], [200], [400], [404], [405], [501], [505])
    assert closed or answers, "an answer, or the end"
