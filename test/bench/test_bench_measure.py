"""What wrk prints, and when it is not believed."""

import pytest
from measure import Failed, in_turns, read_wrk
from mongo import total

OUTPUT = """Running 2s test @ http://127.0.0.1:1/
  2 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   700.00us    1.00ms  99.00ms   99.00%
  Latency Distribution
     50%  600.00us
     75%    0.80ms
     90%    1.10ms
     99%    1.24s
  20 requests in 2.00s, 1.00MB read
{}Requests/sec:  12345.67
Transfer/sec:      1.00MB
"""


def test_wrk__rate_and_times_are_read_in_their_units():
    load = read_wrk(OUTPUT.format(""), busy=1.2)
    assert (load.rate, load.p50_ms, load.p99_ms, load.busy) == (12345.67, 0.6, 1240, 1)


@pytest.mark.parametrize(
    "line",
    ["  Non-2xx or 3xx responses: 3\n", "  Socket errors: connect 0, read 1, write 0, timeout 0\n"],
)
def test_wrk__a_refused_request_makes_the_whole_load_worthless(line):
    with pytest.raises(Failed, match="3|read 1"):
        read_wrk(OUTPUT.format(line))


def test_wrk__no_answer_at_all_is_a_failure():
    with pytest.raises(Failed):
        read_wrk("unable to connect to 127.0.0.1:1 Connection refused\n")


def test_in_turns__every_other_round_is_backwards_and_results_stay_with_their_measure():
    order = []

    def measure(name):
        return lambda: order.append(name) or name

    assert in_turns(3, measure("a"), measure("b")) == [["a"] * 3, ["b"] * 3]
    assert order == ["a", "b", "b", "a", "a", "b"]


def test_metrics__are_summed_over_labels_also_where_a_route_has_braces():
    text = (
        "# TYPE seconds_sum counter\n"
        'seconds_sum{route="/a"} 1.5\n'
        'seconds_sum{route="/v1/{id}"} 2\n'
        'other_seconds_sum{route="/a"} 100\n'
        'seconds_sum_more{route="/a"} 100\n'
    )
    assert total(text, "seconds_sum") == 3.5
    assert total(text, "seconds_sum", 'route="/a"') == 1.5
