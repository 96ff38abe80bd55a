"""Contract section 1: commands, settings and where they come from, data directory, exit codes."""

import os
import re
import signal
import socket
import stat
import tempfile
from pathlib import Path

import jwt
import pytest

import orgd

# key, environment name, default, another good value
SETTINGS = [
    ("listen", "ORGD_LISTEN", "127.0.0.1:8000", "127.0.0.1:18001,[::1]:18002"),
    ("data", "ORGD_DATA", "orgd-data", "elsewhere"),
    ("store", "ORGD_STORE", "sqlite", "mongodb"),
    ("mongo_db", "MONGO_DB", "master_db", "other_db"),
    ("jwt_algorithm", "JWT_ALGORITHM", "HS256", "HS512"),
    ("token_minutes", "ACCESS_TOKEN_EXPIRE_MINUTES", "60", "7"),
    ("log_level", "ORGD_LOG_LEVEL", "info", "debug"),
    ("password_min_bytes", "ORGD_PASSWORD_MIN_BYTES", "8", "12"),
    ("login_failures", "ORGD_LOGIN_FAILURES", "300", "17"),
    ("event_loops", "ORGD_EVENT_LOOPS", "0", "3"),
    ("hash_threads", "ORGD_HASH_THREADS", "0", "3"),
    ("hash_queue", "ORGD_HASH_QUEUE", "64", "65"),
    ("store_threads", "ORGD_STORE_THREADS", "64", "7"),
    ("store_queue", "ORGD_STORE_QUEUE", "1024", "77"),
    ("request_timeout_s", "ORGD_REQUEST_TIMEOUT_S", "30", "31"),
    ("header_timeout_s", "ORGD_HEADER_TIMEOUT_S", "10", "11"),
    ("body_timeout_s", "ORGD_BODY_TIMEOUT_S", "30", "31"),
    ("stop_timeout_s", "ORGD_STOP_TIMEOUT_S", "8", "4"),
    ("max_connections", "ORGD_MAX_CONNECTIONS", "4096", "4097"),
    ("max_connections_per_address", "ORGD_MAX_CONNECTIONS_PER_ADDRESS", "512", "513"),
    ("max_request_line_bytes", "ORGD_MAX_REQUEST_LINE_BYTES", "8192", "8000"),
    ("max_header_bytes", "ORGD_MAX_HEADER_BYTES", "16384", "16000"),
    ("max_headers", "ORGD_MAX_HEADERS", "100", "99"),
    ("max_body_bytes", "ORGD_MAX_BODY_BYTES", "65536", "65000"),
    ("max_document_bytes", "ORGD_MAX_DOCUMENT_BYTES", "1048576", "1048000"),
    ("max_bodies_bytes", "ORGD_MAX_BODIES_BYTES", "268435456", "268435000"),
]
ENVIRONMENT_NAMES = {key: name for key, name, _, _ in SETTINGS}
NUMBERS = [key for key, _, default, _ in SETTINGS if default.isdigit()]

NO_NUMBERS = ["ten", "10x", "1.5", "-1", "0x10", "99999999999999999999"]
BAD_VALUES = [
    ("listen", "127.0.0.1"),
    ("listen", "127.0.0.1:"),
    ("listen", "127.0.0.1:65536"),
    ("listen", "127.0.0.1:-1"),
    ("listen", "127.0.0.1:http"),
    ("listen", "[::1:8000"),
    ("listen", "::1:8000:"),
    ("listen", "300.0.0.1:8000"),
    ("listen", "127.0.0.1:0,nonsense"),
    ("store", "postgres"),
    ("store", "SQLite"),
    ("jwt_algorithm", "none"),
    ("jwt_algorithm", "RS256"),
    ("log_level", "loud"),
    ("token_minutes", "0"),
    ("token_minutes", "525601"),
    ("password_min_bytes", "0"),
    ("password_min_bytes", "1025"),
    ("stop_timeout_s", "3600"),
    *((key, bad) for key in ("token_minutes", "hash_queue") for bad in NO_NUMBERS),
    *((key, "x") for key in NUMBERS),
]


@pytest.fixture
def short_path():
    """A directory whose path is short enough to be shown whole in an error."""
    with tempfile.TemporaryDirectory(prefix="orgd-") as path:
        yield Path(path)


def flag_of(key):
    return "--" + key.replace("_", "-")


def config_line(output, key):
    """The line of `orgd config` about one setting."""
    lines = [line for line in output.splitlines() if re.match(rf"{key}\b", line.strip())]
    assert len(lines) == 1, f"{key}: {output}"
    return lines[0]


def shows(line, value, source):
    """True where a line of `orgd config` has this value and names this source."""
    words = re.split(r"[\s=]+", line.strip(), maxsplit=1)[1]
    return words.startswith(value) and source in words[len(value) :]


# Commands


def test_help_names_every_command():
    done = orgd.run("--help")
    assert done.returncode == 0
    for command in ("serve", "config", "version"):
        assert re.search(rf"\b{command}\b", done.stdout), done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize("command", ["serve", "config", "version"])
def test_help_of_a_command_has_an_example_and_starts_nothing(command, tmp_path):
    done = orgd.run(command, "--help", directory=tmp_path)
    assert done.returncode == 0
    assert f"orgd {command}" in done.stdout
    assert "example" in done.stdout.lower()
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []


def test_help_of_serve_shows_every_setting_with_its_flag_and_environment_name():
    text = orgd.run("serve", "--help").stdout
    for key, name, default, _ in SETTINGS:
        assert re.search(rf"{flag_of(key)}\b", text), key
        assert re.search(rf"\b{name}\b", text), key
        assert default in text, key
    assert "--config" in text
    assert "--jwt-secret" in text and "JWT_SECRET" in text
    assert "--mongo-url" in text and "MONGO_URL" in text


def test_version_is_the_one_the_server_tells(client):
    done = orgd.run("version")
    assert done.returncode == 0
    assert client.get("/").json()["version"] in done.stdout.split()


@pytest.mark.parametrize(
    "words",
    [["frobnicate"], ["serve", "extra"], ["version", "extra"], ["--frobnicate"], []],
    ids=["unknown command", "serve word", "version word", "unknown flag", "nothing"],
)
def test_wrong_use_is_said_and_exits_2(words, tmp_path):
    done = orgd.run(*words, directory=tmp_path)
    assert done.returncode == 2
    assert done.stderr.strip() != ""
    if "frobnicate" in "".join(words):
        assert words[0] in done.stderr
    assert list(tmp_path.iterdir()) == []


# Settings


def test_config_prints_every_default_and_that_it_is_one(tmp_path):
    done = orgd.run("config", directory=tmp_path)
    assert done.returncode == 0, done.stderr
    for key, _, default, _ in SETTINGS:
        line = config_line(done.stdout, key)
        assert shows(line.replace("./orgd-data", "orgd-data"), default, "default"), line
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("key,name,default,other", SETTINGS, ids=[row[0] for row in SETTINGS])
def test_flag_wins_over_environment_over_file_over_default(key, name, default, other, tmp_path):
    file = tmp_path / "orgd.conf"
    file.write_text(f"# a comment\n\n{key} = {other}\n")
    needed = {"MONGO_URL": "mongodb://127.0.0.1:27017"} if key == "store" else {}

    from_file = orgd.run("config", "--config", str(file), environment=needed, directory=tmp_path)
    assert from_file.returncode == 0, from_file.stderr
    assert shows(config_line(from_file.stdout, key), other, "file")

    file.write_text(f"{key} = {default}\n")
    environment = {**needed, name: other, "ORGD_CONFIG": str(file)}
    from_environment = orgd.run("config", environment=environment, directory=tmp_path)
    assert from_environment.returncode == 0, from_environment.stderr
    line = config_line(from_environment.stdout, key)
    assert shows(line, other, "environment") or shows(line, other, name), line

    for words in ([flag_of(key), other], [f"{flag_of(key)}={other}"]):
        from_flag = orgd.run(
            "config", *words, environment={**environment, name: default}, directory=tmp_path
        )
        assert from_flag.returncode == 0, from_flag.stderr
        line = config_line(from_flag.stdout, key)
        assert shows(line, other, "flag") or shows(line, other, flag_of(key)), line


def test_store_is_mongodb_by_default_where_mongo_url_is_set(tmp_path):
    environment = {"MONGO_URL": "mongodb://someone:" + "swordfish" + "@localhost:27017"}
    done = orgd.run("config", environment=environment, directory=tmp_path)
    assert done.returncode == 0, done.stderr
    assert shows(config_line(done.stdout, "store"), "mongodb", "")
    both = orgd.run("config", environment={**environment, "ORGD_STORE": "sqlite"})
    assert shows(config_line(both.stdout, "store"), "sqlite", "")
    assert "swordfish" not in done.stdout + done.stderr + both.stdout


@pytest.mark.parametrize("source", ["flag", "environment", "file"])
def test_config_masks_secrets(source, tmp_path):
    secret = "quite-a-long-secret-that-nobody-sees"
    file = tmp_path / "orgd.conf"
    words, environment = [], {}
    if source == "flag":
        words = ["--jwt-secret", secret]
    elif source == "environment":
        environment = {"JWT_SECRET": secret}
    else:
        file.write_text(f"jwt_secret = {secret}\n")
        words = ["--config", str(file)]
    done = orgd.run("config", *words, environment=environment)
    assert done.returncode == 0, done.stderr
    line = config_line(done.stdout, "jwt_secret")
    assert secret not in done.stdout and secret[:8] not in done.stdout
    assert "default" not in line


@pytest.mark.parametrize("source", ["flag", "environment", "file"])
@pytest.mark.parametrize("key,value", BAD_VALUES, ids=[f"{k}={v}" for k, v in BAD_VALUES])
def test_bad_setting_is_one_line_and_nothing_is_made(key, value, source, short_path):
    directory = short_path / "cwd"
    directory.mkdir()
    file = short_path / "orgd.conf"
    environment = {"ORGD_DATA": str(directory / "data"), "ORGD_LISTEN": "127.0.0.1:0"}
    words = []
    if source == "flag":
        words = [f"{flag_of(key)}={value}"]
        origin = flag_of(key)
    elif source == "environment":
        environment[ENVIRONMENT_NAMES[key]] = value
        origin = ENVIRONMENT_NAMES[key]
    else:
        environment.pop(ENVIRONMENT_NAMES[key], None)
        file.write_text(f"{key} = {value}\n")
        words = ["--config", str(file)]
        origin = str(file)

    done = orgd.run("serve", *words, environment=environment, directory=directory)

    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert origin in lines[0], "where it came from"
    assert key in lines[0] or flag_of(key) in lines[0] or ENVIRONMENT_NAMES[key] in lines[0]
    told = lines[0].replace(origin, "").replace(key, "")
    assert value in told, "the value"
    if key in NUMBERS:
        assert re.search(r"\d+\D+\d+", told.replace(value, "")), "the range that is allowed"
    elif key == "store":
        assert "sqlite" in told and "mongodb" in told
    elif key == "jwt_algorithm":
        assert "HS256" in told
    elif key == "log_level":
        assert "debug" in told and "error" in told
    assert list(directory.iterdir()) == []


@pytest.mark.parametrize(
    "text,named",
    [
        ("no_such_setting = 1\n", "no_such_setting"),
        ("this is no setting\n", "line 1"),
        ("log_level = info\nmax_headers\n", "line 2"),
    ],
)
def test_bad_line_in_the_file_is_refused(text, named, short_path):
    file = short_path / "orgd.conf"
    file.write_text(text)
    directory = short_path / "cwd"
    directory.mkdir()
    done = orgd.run("serve", "--config", str(file), directory=directory)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert str(file) in done.stderr and named in done.stderr
    assert list(directory.iterdir()) == []


@pytest.mark.parametrize(
    "words",
    [["--no-such-flag", "1"], ["--no-such-flag=1"], ["--log-level"], ["--config", "/nowhere/x"]],
)
def test_bad_flag_is_refused(words, tmp_path):
    done = orgd.run("serve", *words, directory=tmp_path)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert words[0].split("=")[0] in done.stderr or words[-1] in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "secret",
    ["0123456789 ;not a comment; 0123456789", "s" * 600, "quoted \"and\" 'so' \\ 0123456789abcdef"],
    ids=["semicolons", "long", "quotes"],
)
def test_value_in_the_file_is_taken_whole(secret, serve, tmp_path):
    file = tmp_path / "orgd.conf"
    file.write_text(f"jwt_secret = {secret}\n")
    server = serve(flags=["--config", str(file)])
    server.secrets.add(secret)
    tenant = server.new_tenant()
    assert jwt.decode(tenant.token, secret, algorithms=["HS256"])["admin_id"]


# Listening


def test_listens_on_every_address_of_the_list(serve):
    server = serve({"ORGD_LISTEN": "127.0.0.1:0,[::1]:0"}, listeners=2)
    hosts = [host for host, _ in server.addresses]
    assert hosts == ["127.0.0.1", "::1"]
    for address in server.addresses:
        assert address[1] > 0
        with orgd.Connection(address) as connection:
            connection.send(orgd.request_bytes("GET", "/livez"))
            assert connection.response().status == 200


def test_log_line_of_listening_has_the_address_as_it_is_written(serve):
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{chosen.getsockname()[1]}"
    server = serve(flags=["--listen", address])
    assert any(f" msg=listening addr={address}" in line for line in server.log)
    assert server.client.get("/livez").status_code == 200


def test_flag_says_where_to_listen_whatever_the_environment_has(serve, tmp_path):
    file = tmp_path / "orgd.conf"
    file.write_text("listen = 127.0.0.1:1\n")
    server = serve(
        {"ORGD_LISTEN": "127.0.0.1:2", "ORGD_CONFIG": str(file)}, flags=["--listen", "[::1]:0"]
    )
    assert server.addresses[0][0] == "::1"


def test_address_in_use_is_a_failure_at_run_time(serve, tmp_path):
    host, port = serve().address
    done = orgd.run(
        "serve",
        "--listen",
        f"{host}:{port}",
        "--data",
        str(tmp_path / "data"),
        "--store",
        "sqlite",
    )
    assert done.returncode == 1
    assert f"{host}:{port}" in done.stderr


# The data directory


@pytest.mark.embedded
def test_data_directory_is_made_for_its_owner_only(serve):
    old = os.umask(0)
    try:
        server = serve()
    finally:
        os.umask(old)
    server.create_org()
    assert stat.S_IMODE(server.data.stat().st_mode) == 0o700
    for file in server.data.rglob("*"):
        assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0, file


@pytest.mark.embedded
def test_data_directory_is_orgd_data_by_default(serve):
    server = serve({"ORGD_DATA": None})
    assert stat.S_IMODE((server.directory / "orgd-data").stat().st_mode) == 0o700
    server.create_org()


@pytest.mark.embedded
def test_second_server_on_one_directory_is_refused(serve):
    first = serve()
    org = first.create_org()
    done = orgd.run("serve", "--listen", "127.0.0.1:0", "--data", str(first.data))
    assert done.returncode == 1
    assert str(first.data) in done.stderr
    assert "listening" not in done.stderr
    assert first.client.get("/readyz").status_code == 200

    first.kill()
    second = serve({"ORGD_DATA": str(first.data)})
    found = second.client.get("/org/get", params={"organization_name": org.name})
    assert found.json() == org.body


@pytest.mark.embedded
def test_data_path_that_is_no_directory_is_refused(tmp_path):
    path = tmp_path / "data"
    path.write_text("kept")
    done = orgd.run("serve", "--listen", "127.0.0.1:0", "--data", str(path), directory=tmp_path)
    assert done.returncode in (1, 2)
    assert str(path) in done.stderr
    assert path.read_text() == "kept"


def test_what_was_written_is_there_after_a_restart(serve):
    server = serve()
    tenant = server.new_tenant()
    made = server.client.post(tenant.documents, headers=tenant.headers, json={"_id": "a", "n": 1})
    server.restart()
    found = server.client.get(f"{tenant.documents}/a", headers=tenant.headers)
    assert found.json() == {"_id": "a", "n": 1}
    assert found.headers["etag"] == made.headers["etag"]


# The tokens' secret


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("given", [None, ""], ids=["none", "empty"])
def test_token_outlives_a_restart_where_no_secret_is_given(ending, given, serve):
    server = serve({"JWT_SECRET": given})
    tenant = server.new_tenant()
    server.restart(ending)
    answer = server.client.get(tenant.documents, headers=tenant.headers)
    assert answer.status_code == 200


@pytest.mark.filterwarnings("ignore::jwt.InsecureKeyLengthWarning")
def test_made_secrets_differ_from_store_to_store(serve):
    one, other = serve(), serve()
    tenant = one.new_tenant()
    answer = other.client.put(
        "/org/update", headers=tenant.headers, json={"new_name": orgd.unique()}
    )
    assert answer.status_code == 401
    for guess in ("orgd", "secret", "JWT TOKEN"):
        with pytest.raises(jwt.InvalidTokenError):
            jwt.decode(tenant.token, guess, algorithms=["HS256"])


@pytest.mark.filterwarnings("ignore::jwt.InsecureKeyLengthWarning")
def test_secret_algorithm_and_minutes_of_the_seed_are_read(serve):
    secret = "0123456789abcdef0123456789abcdef"
    server = serve(
        {"JWT_SECRET": secret, "JWT_ALGORITHM": "HS384", "ACCESS_TOKEN_EXPIRE_MINUTES": "7"}
    )
    server.secrets.add(secret)
    org = server.create_org()
    answer = server.client.post(
        "/admin/login", json={"email": org.email, "password": org.password}
    ).json()
    assert answer["expires_in"] == 7 * 60
    claims = jwt.decode(answer["access_token"], secret, algorithms=["HS384"])
    assert claims["exp"] - claims["iat"] == 7 * 60
    assert server.events(level="warn") == []


@pytest.mark.filterwarnings("ignore::jwt.InsecureKeyLengthWarning")
def test_short_secret_starts_with_a_warning(serve):
    secret = "JWT TOKEN 0123456789 0123456789"
    assert len(secret) == 31
    server = serve({"JWT_SECRET": secret})
    server.secrets.add(secret)
    warnings = server.events(level="warn")
    assert len(warnings) == 1
    assert "JWT_SECRET" in server.log_text() or "jwt_secret" in server.log_text()
    tenant = server.new_tenant()
    assert jwt.decode(tenant.token, secret, algorithms=["HS256"])["org_name"] == tenant.name
