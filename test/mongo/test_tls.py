"""TLS to the database: the authority, the client's certificate and the host's name are what MONGO_URL says."""

import re
import signal
import subprocess
import threading

import pytest

import helpers
import orgd
import servers

SECONDS = 30


class Authority:
    """A certificate authority in a directory, with the openssl program."""

    def __init__(self, directory, name):
        self.directory, self.name = directory, name
        self.certificate, self.key = self._pair(name)
        self._openssl(name)

    def _pair(self, name):
        return self.directory / f"{name}.pem", self.directory / f"{name}.key"

    def _openssl(self, name, *words):
        certificate, key = self._pair(name)
        made = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        subprocess.run(
            ["openssl", "req", *made, "-subj", f"/CN={name}", "-keyout", key, "-out", certificate, *words],
            check=True,
            capture_output=True,
        )

    def issue(self, name, host="127.0.0.1"):
        """A certificate for an address; gives (certificate, key)."""
        self._openssl(
            name,
            *("-CA", self.certificate, "-CAkey", self.key),
            *("-addext", f"subjectAltName=IP:{host}", "-addext", "basicConstraints=critical,CA:FALSE"),
        )
        return self._pair(name)

    def client_file(self, name):
        """A client's certificate and its key in one file, as MONGO_URL names it."""
        certificate, key = self.issue(name)
        both = self.directory / f"{name}-both.pem"
        both.write_text(certificate.read_text() + key.read_text())
        return both


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("tls"), "authority")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("stranger"), "stranger")


@pytest.fixture(scope="module")
def port(authority):
    """Of a server that speaks TLS only, and only with who has a certificate of the authority."""
    tls = (*authority.issue("server"), authority.certificate)
    with servers.ferretdb_sqlite(tls=tls) as url:
        yield re.search(r"127\.0\.0\.1:(\d+)", url)[1]


def url(port, authority, client, host="127.0.0.1"):
    return (
        f"mongodb://{host}:{port}/?tls=true&tlsCAFile={authority.certificate}"
        f"&tlsCertificateKeyFile={client}"
    )


def settings(address):
    return {"ORGD_STORE": "mongodb", "MONGO_URL": address, "MONGO_DB": "orgd_tls"}


def test_a_database_is_reached_by_tls_with_a_clients_certificate(serve, authority, port):
    server = serve(store=settings(url(port, authority, authority.client_file("good"))))
    tenant = server.new_tenant()
    assert helpers.get_org(server.client, tenant.name).status_code == 200
    assert server.client.get("/readyz").status_code == 200


def refusal(address):
    """Why orgd waits for this server: the reason in its log."""
    running = subprocess.Popen(
        [orgd.BINARY, "serve", "--listen", "127.0.0.1:0"],
        env={**orgd.clean_environment(), **settings(address)},
        stderr=subprocess.PIPE,
        text=True,
    )
    watch = threading.Timer(SECONDS, running.kill)
    watch.start()
    try:
        for line in running.stderr:
            found = re.search(r'msg="waiting for the MongoDB server".* reason="(.*)"', line)
            if found:
                return found[1]
            assert "msg=listening" not in line
        raise AssertionError("it said nothing of waiting")
    finally:
        watch.cancel()
        running.send_signal(signal.SIGTERM)
        running.communicate(timeout=SECONDS)
        assert running.returncode in (0, 1)


def test_a_server_of_another_authority_is_not_trusted(authority, stranger, port):
    assert re.search("TLS|certificate", refusal(url(port, stranger, authority.client_file("own"))))


def test_a_server_under_another_name_is_not_trusted(authority, port):
    client = authority.client_file("named")
    assert re.search("TLS|certificate", refusal(url(port, authority, client, host="localhost")))


def test_who_has_no_certificate_of_the_authority_is_not_let_in(authority, stranger, port):
    reason = refusal(url(port, authority, stranger.client_file("foreign")))
    assert re.search("TLS|certificate|closed|socket", reason), reason
