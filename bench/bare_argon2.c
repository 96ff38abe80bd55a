/*
 * The reference for logins: threads that verify a password as orgd does (libsodium, its parameters), with
 * nothing around it. Prints verifications a second.
 *
 *     bare_argon2 THREADS SECONDS
 */
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define THREADS_MAX 256
#define PASSES 2 /* as src/auth/ has them */
#define MEMORY_BYTES ((size_t)19456 * 1024)

static const char password[] = "correct-horse-battery";
static char hash[crypto_pwhash_STRBYTES];
static atomic_bool stop;
static atomic_ulong verified;

static double now_s(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void *loop_main(void *argument)
{
    (void)argument;
    while (!atomic_load(&stop)) {
        if (crypto_pwhash_str_verify(hash, password, strlen(password)) != 0) {
            (void)fprintf(stderr, "bare_argon2: the password does not verify\n");
            exit(1);
        }
        atomic_fetch_add(&verified, 1);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    static pthread_t ids[THREADS_MAX];
    unsigned threads = argc > 2 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;
    unsigned seconds = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
    double begun;

    if (threads < 1 || threads > THREADS_MAX || seconds < 1 || sodium_init() < 0 ||
        crypto_pwhash_str_alg(hash, password, strlen(password), PASSES, MEMORY_BYTES,
                              crypto_pwhash_ALG_ARGON2ID13) != 0) {
        (void)fprintf(stderr, "usage: bare_argon2 THREADS SECONDS\n");
        return 2;
    }
    begun = now_s();
    for (unsigned i = 0; i < threads; i++) {
        if (pthread_create(&ids[i], NULL, loop_main, NULL) != 0) {
            return 1;
        }
    }
    (void)nanosleep(&(struct timespec){ .tv_sec = seconds }, NULL);
    atomic_store(&stop, true);
    for (unsigned i = 0; i < threads; i++) {
        (void)pthread_join(ids[i], NULL);
    }
    (void)printf("%.2f\n", (double)atomic_load(&verified) / (now_s() - begun));
    return 0;
}
