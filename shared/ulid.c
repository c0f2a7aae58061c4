#include "shared/ulid.h"

#include "shared/clock.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/random.h>

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t last_ms;
static uint8_t last_random[10];

static void increment(uint8_t random[10])
{
    for (int i = 9; i >= 0 && ++random[i] == 0; i--)
        ;
}

static void fill_random(uint8_t random[10])
{
    if (getrandom(random, 10, 0) != 10)
        abort(); /* the kernel's generator cannot fail for 10 bytes once the machine is up */
    random[0] &= 0x7F;
}

void ulid_new(char out[ULID_SIZE])
{
    uint64_t ms = (uint64_t)(clock_now() / 1000);
    uint8_t random[10];
    pthread_mutex_lock(&lock);
    if (ms > last_ms) {
        last_ms = ms;
        fill_random(last_random);
    } else {
        ms = last_ms;
        increment(last_random);
    }
    memcpy(random, last_random, sizeof random);
    pthread_mutex_unlock(&lock);
    for (int i = 9; i >= 0; i--, ms >>= 5)
        out[i] = alphabet[ms & 31];
    for (int i = 0; i < 16; i++) {
        int bit = i * 5, byte = bit / 8, shift = bit % 8;
        unsigned pair = (unsigned)random[byte] << 8 | (byte < 9 ? random[byte + 1] : 0u);
        out[10 + i] = alphabet[pair >> (11 - shift) & 31];
    }
    out[26] = '\0';
}

void ulid_first_of(int64_t at, char out[ULID_SIZE])
{
    uint64_t ms = at > 0 ? (uint64_t)at / 1000 : 0;
    memset(out, '0', ULID_SIZE - 1);
    for (int i = 9; i >= 0; i--, ms >>= 5)
        out[i] = alphabet[ms & 31];
    out[26] = '\0';
}

bool ulid_valid(struct str text)
{
    if (text.n != 26 || text.p[0] > '7')
        return false;
    for (size_t i = 0; i < text.n; i++)
        if (!text.p[i] || !strchr(alphabet, text.p[i]))
            return false;
    return true;
}
