/*
 * How often GET /org/get asks for heap memory: never, once the loop has what it keeps from request to
 * request. The whole program serves inside this one; a sanitizer's hook counts what the threads of its
 * event loops allocate, libraries included. Without a sanitizer there is no such hook, and nothing to
 * count with.
 */
#include "test.h"

#include "app/app.h"
#include "base/clock.h"
#include "config/settings.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
/* As sanitizer/allocator_interface.h has it, which gcc leaves out. */
int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void *, size_t),
                                              void (*on_free)(const volatile void *));
#define HAS_HOOK 1
#else
#define HAS_HOOK 0
#endif

#define WARM_UP 200
#define COUNTED 2000
#define START_MS 20000

static atomic_long allocations;
static char directory[] = "/tmp/orgd-test-allocations-XXXXXX";

#if HAS_HOOK
static bool is_loop(void)
{
    static _Thread_local bool
        is_known; /* asked until it is: a thread gets its name after it began */
    char name[16] = "";

    if (!is_known && pthread_getname_np(pthread_self(), name, sizeof(name)) == 0) {
        is_known = strcmp(name, "loop") == 0;
    }
    return is_known;
}

static void count(const volatile void *at, size_t bytes)
{
    (void)at;
    (void)bytes;
    if (is_loop()) {
        (void)atomic_fetch_add(&allocations, 1);
    }
}

static void ignore(const volatile void *at)
{
    (void)at;
}
#endif

static bool install_hook(void)
{
#if HAS_HOOK
    return __sanitizer_install_malloc_and_free_hooks(count, ignore) > 0;
#else
    return false;
#endif
}

/* The port of this process' one listening socket; 0: there is none yet. */
static in_port_t listening_port(void)
{
    for (int fd = 3; fd < 256; fd++) {
        struct sockaddr_in address = { .sin_port = 0 };
        socklen_t len = sizeof(address);
        int listens = 0;
        socklen_t listens_len = sizeof(listens);

        if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &listens_len) == 0 && listens &&
            getsockname(fd, (struct sockaddr *)&address, &len) == 0) {
            return address.sin_port;
        }
    }
    return 0;
}

static int connected(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int64_t deadline_ms = clock_monotonic_ms() + START_MS;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    while (address.sin_port == 0 && clock_monotonic_ms() < deadline_ms) {
        (void)usleep(10000);
        address.sin_port = listening_port();
    }
    return connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 ? fd : -1;
}

/* Sends a request and reads its answer, whose last byte ends a JSON object; whether it was a 200. */
static bool exchange(int fd, const char *request)
{
    char answer[4096];
    size_t len = 0;

    if (write(fd, request, strlen(request)) < 0) {
        return false;
    }
    while (len < sizeof(answer) - 1) {
        ssize_t n = read(fd, answer + len, sizeof(answer) - 1 - len);

        if (n <= 0) {
            return false;
        }
        len += (size_t)n;
        answer[len] = '\0';
        if (strstr(answer, "\r\n\r\n") && answer[len - 1] == '}') {
            return strncmp(answer, "HTTP/1.1 200 ", 13) == 0;
        }
    }
    return false;
}

static const char create[] = "POST /org/create HTTP/1.1\r\nHost: test\r\nContent-Length: 86\r\n\r\n"
                             "{\"organization_name\": \"Acme Tools\", \"email\": \"a@acme.test\", "
                             "\"password\": \"long enough\"}";
static const char get[] =
    "GET /org/get?organization_name=Acme+Tools HTTP/1.1\r\nHost: test\r\n\r\n";

/* The client's part; gives (void *)0 where all went as it should. */
static void *call_server(void *ret_counted)
{
    long *counted = ret_counted;
    int fd = connected();
    long bad = fd < 0 || !exchange(fd, create);
    long before = 0;

    for (int i = 0; i < WARM_UP + COUNTED && !bad; i++) {
        if (i == WARM_UP) {
            before = atomic_load(&allocations);
        }
        bad = !exchange(fd, get);
    }
    *counted = atomic_load(&allocations) - before;
    (void)close(fd);
    (void)kill(getpid(), SIGTERM);
    return (void *)bad;
}

TEST(get__allocates_nothing_once_the_loop_is_warm)
{
    const char *argv[] = { "--listen=127.0.0.1:0", "--data",           directory,
                           "--event-loops=1",      "--log-level=info", NULL };
    char *environment[] = { NULL };
    struct settings settings;
    struct err err = { .text = "" };
    long counted = -1;
    void *bad = (void *)1;
    sigset_t signals;
    pthread_t client;
    int said;
    int quiet;

    if (!install_hook()) {
        skip();
    }
    said = dup(STDERR_FILENO);
    quiet = open("/dev/null", O_WRONLY | O_CLOEXEC);
    (void)dup2(quiet, STDERR_FILENO); /* the access lines */
    assert_int_equal(settings_load(&settings, 5, (char *const *)(uintptr_t)argv, environment, &err),
                     ST_OK);
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGTERM);
    (void)pthread_sigmask(SIG_BLOCK, &signals,
                          NULL); /* before there is a thread that could take it */
    assert_int_equal(pthread_create(&client, NULL, call_server, &counted), 0);
    assert_int_equal(app_serve(&settings, &err), ST_OK);
    (void)pthread_join(client, &bad);
    (void)dup2(said, STDERR_FILENO);
    (void)close(said);
    (void)close(quiet);
    settings_done(&settings);
    assert_null(bad);
    assert_true(atomic_load(&allocations) > 0); /* the hook does count */
    assert_int_equal(counted, 0);
}

static int make_directory(void **state)
{
    (void)state;
    return mkdtemp(directory) ? 0 : -1;
}

/* What the store leaves: a handful of files, whose names are its own affair. */
static int remove_directory(void **state)
{
    pid_t child = fork();

    (void)state;
    if (child == 0) {
        (void)execlp("rm", "rm", "-r", directory, (char *)NULL);
        _exit(1);
    }
    return child > 0 && waitpid(child, NULL, 0) == child ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(get__allocates_nothing_once_the_loop_is_warm),
    };

    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
