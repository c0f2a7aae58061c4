#include "worker/gold/md5.h"

enum { LANES = 16, BLOCK = 64, LENGTH_BYTES = 8, WORDS = BLOCK / 4 };

/* The compiler splits these where registers are narrower. */
typedef uint32_t lanes __attribute__((vector_size(4 * LANES)));

/* A message in its lane: whole blocks are read where they lie, its end with the padding from a copy. */
struct lane {
    const uint8_t *at;
    size_t whole, blocks; /* whole blocks, and those of the end */
    uint8_t end[2 * BLOCK];
};

struct state {
    lanes a, b, c, d;
};

#define ROTATE(x, n) ((x) << (n) | (x) >> (32 - (n)))
#define F(x, y, z) ((z) ^ ((x) & ((y) ^ (z))))
#define G(x, y, z) ((y) ^ ((z) & ((x) ^ (y))))
#define H(x, y, z) ((x) ^ (y) ^ (z))
#define I(x, y, z) ((y) ^ ((x) | ~(z)))
#define STEP(f, a, b, c, d, k, s, t)            \
    do {                                        \
        a += f(b, c, d) + w[k] + (uint32_t)(t); \
        a = ROTATE(a, s) + b;                   \
    } while (0)

static inline __attribute__((always_inline)) void rounds_f(struct state *s, const lanes *w)
{
    lanes a = s->a, b = s->b, c = s->c, d = s->d;
    STEP(F, a, b, c, d, 0, 7, 0xd76aa478);
    STEP(F, d, a, b, c, 1, 12, 0xe8c7b756);
    STEP(F, c, d, a, b, 2, 17, 0x242070db);
    STEP(F, b, c, d, a, 3, 22, 0xc1bdceee);
    STEP(F, a, b, c, d, 4, 7, 0xf57c0faf);
    STEP(F, d, a, b, c, 5, 12, 0x4787c62a);
    STEP(F, c, d, a, b, 6, 17, 0xa8304613);
    STEP(F, b, c, d, a, 7, 22, 0xfd469501);
    STEP(F, a, b, c, d, 8, 7, 0x698098d8);
    STEP(F, d, a, b, c, 9, 12, 0x8b44f7af);
    STEP(F, c, d, a, b, 10, 17, 0xffff5bb1);
    STEP(F, b, c, d, a, 11, 22, 0x895cd7be);
    STEP(F, a, b, c, d, 12, 7, 0x6b901122);
    STEP(F, d, a, b, c, 13, 12, 0xfd987193);
    STEP(F, c, d, a, b, 14, 17, 0xa679438e);
    STEP(F, b, c, d, a, 15, 22, 0x49b40821);
    *s = (struct state){a, b, c, d};
}

static inline __attribute__((always_inline)) void rounds_g(struct state *s, const lanes *w)
{
    lanes a = s->a, b = s->b, c = s->c, d = s->d;
    STEP(G, a, b, c, d, 1, 5, 0xf61e2562);
    STEP(G, d, a, b, c, 6, 9, 0xc040b340);
    STEP(G, c, d, a, b, 11, 14, 0x265e5a51);
    STEP(G, b, c, d, a, 0, 20, 0xe9b6c7aa);
    STEP(G, a, b, c, d, 5, 5, 0xd62f105d);
    STEP(G, d, a, b, c, 10, 9, 0x02441453);
    STEP(G, c, d, a, b, 15, 14, 0xd8a1e681);
    STEP(G, b, c, d, a, 4, 20, 0xe7d3fbc8);
    STEP(G, a, b, c, d, 9, 5, 0x21e1cde6);
    STEP(G, d, a, b, c, 14, 9, 0xc33707d6);
    STEP(G, c, d, a, b, 3, 14, 0xf4d50d87);
    STEP(G, b, c, d, a, 8, 20, 0x455a14ed);
    STEP(G, a, b, c, d, 13, 5, 0xa9e3e905);
    STEP(G, d, a, b, c, 2, 9, 0xfcefa3f8);
    STEP(G, c, d, a, b, 7, 14, 0x676f02d9);
    STEP(G, b, c, d, a, 12, 20, 0x8d2a4c8a);
    *s = (struct state){a, b, c, d};
}

static inline __attribute__((always_inline)) void rounds_h(struct state *s, const lanes *w)
{
    lanes a = s->a, b = s->b, c = s->c, d = s->d;
    STEP(H, a, b, c, d, 5, 4, 0xfffa3942);
    STEP(H, d, a, b, c, 8, 11, 0x8771f681);
    STEP(H, c, d, a, b, 11, 16, 0x6d9d6122);
    STEP(H, b, c, d, a, 14, 23, 0xfde5380c);
    STEP(H, a, b, c, d, 1, 4, 0xa4beea44);
    STEP(H, d, a, b, c, 4, 11, 0x4bdecfa9);
    STEP(H, c, d, a, b, 7, 16, 0xf6bb4b60);
    STEP(H, b, c, d, a, 10, 23, 0xbebfbc70);
    STEP(H, a, b, c, d, 13, 4, 0x289b7ec6);
    STEP(H, d, a, b, c, 0, 11, 0xeaa127fa);
    STEP(H, c, d, a, b, 3, 16, 0xd4ef3085);
    STEP(H, b, c, d, a, 6, 23, 0x04881d05);
    STEP(H, a, b, c, d, 9, 4, 0xd9d4d039);
    STEP(H, d, a, b, c, 12, 11, 0xe6db99e5);
    STEP(H, c, d, a, b, 15, 16, 0x1fa27cf8);
    STEP(H, b, c, d, a, 2, 23, 0xc4ac5665);
    *s = (struct state){a, b, c, d};
}

static inline __attribute__((always_inline)) void rounds_i(struct state *s, const lanes *w)
{
    lanes a = s->a, b = s->b, c = s->c, d = s->d;
    STEP(I, a, b, c, d, 0, 6, 0xf4292244);
    STEP(I, d, a, b, c, 7, 10, 0x432aff97);
    STEP(I, c, d, a, b, 14, 15, 0xab9423a7);
    STEP(I, b, c, d, a, 5, 21, 0xfc93a039);
    STEP(I, a, b, c, d, 12, 6, 0x655b59c3);
    STEP(I, d, a, b, c, 3, 10, 0x8f0ccc92);
    STEP(I, c, d, a, b, 10, 15, 0xffeff47d);
    STEP(I, b, c, d, a, 1, 21, 0x85845dd1);
    STEP(I, a, b, c, d, 8, 6, 0x6fa87e4f);
    STEP(I, d, a, b, c, 15, 10, 0xfe2ce6e0);
    STEP(I, c, d, a, b, 6, 15, 0xa3014314);
    STEP(I, b, c, d, a, 13, 21, 0x4e0811a1);
    STEP(I, a, b, c, d, 4, 6, 0xf7537e82);
    STEP(I, d, a, b, c, 11, 10, 0xbd3af235);
    STEP(I, c, d, a, b, 2, 15, 0x2ad7d2bb);
    STEP(I, b, c, d, a, 9, 21, 0xeb86d391);
    *s = (struct state){a, b, c, d};
}

static void lane_open(struct lane *lane, struct str message)
{
    size_t left = message.n % BLOCK;
    uint64_t bits = (uint64_t)message.n * 8;
    lane->at = (const uint8_t *)message.p;
    lane->whole = message.n / BLOCK;
    lane->blocks = lane->whole + (left + 1 + LENGTH_BYTES > BLOCK ? 2 : 1);
    memset(lane->end, 0, sizeof lane->end);
    if (left)
        memcpy(lane->end, lane->at + lane->whole * BLOCK, left);
    lane->end[left] = 0x80;
    uint8_t *length = lane->end + (lane->blocks - lane->whole) * BLOCK - LENGTH_BYTES;
    for (int i = 0; i < LENGTH_BYTES; i++)
        length[i] = (uint8_t)(bits >> (8 * i));
}

/* A lane that is done reads on in its end, and what comes of it is not kept. */
static inline __attribute__((always_inline)) void load(const struct lane *list, size_t block, lanes *w, lanes *keep)
{
    uint32_t words[WORDS][LANES] __attribute__((aligned(64)));
    uint32_t live[LANES];
    for (int l = 0; l < LANES; l++) {
        const struct lane *lane = &list[l];
        uint32_t one[WORDS];
        live[l] = block < lane->blocks ? UINT32_MAX : 0;
        memcpy(one,
            block < lane->whole ? lane->at + block * BLOCK : lane->end + (live[l] ? block - lane->whole : 0) * BLOCK,
            BLOCK);
        for (int i = 0; i < WORDS; i++)
            words[i][l] = one[i];
    }
    memcpy(w, words, sizeof words);
    memcpy(keep, live, sizeof live);
}

static inline __attribute__((always_inline)) void sum_lanes(const struct lane *list, uint8_t (*out)[MD5_BYTES])
{
    const lanes zero = {0};
    struct state sum = {zero + 0x67452301, zero + 0xefcdab89, zero + 0x98badcfe, zero + 0x10325476};
    size_t most = 0;
    for (int l = 0; l < LANES; l++)
        most = list[l].blocks > most ? list[l].blocks : most;
    for (size_t block = 0; block < most; block++) {
        lanes w[WORDS], keep;
        struct state next = sum;
        load(list, block, w, &keep);
        rounds_f(&next, w);
        rounds_g(&next, w);
        rounds_h(&next, w);
        rounds_i(&next, w);
        sum.a += next.a & keep;
        sum.b += next.b & keep;
        sum.c += next.c & keep;
        sum.d += next.d & keep;
    }
    for (int l = 0; l < LANES; l++) {
        uint32_t words[4] = {sum.a[l], sum.b[l], sum.c[l], sum.d[l]};
        memcpy(out[l], words, MD5_BYTES);
    }
}

typedef void sum_function(const struct lane *list, uint8_t (*out)[MD5_BYTES]);

static void sum_portable(const struct lane *list, uint8_t (*out)[MD5_BYTES])
{
    sum_lanes(list, out);
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static void sum_avx2(const struct lane *list, uint8_t (*out)[MD5_BYTES])
{
    sum_lanes(list, out);
}

__attribute__((target("avx512f,avx512bw,avx512vl"))) static void sum_avx512(
    const struct lane *list, uint8_t (*out)[MD5_BYTES])
{
    sum_lanes(list, out);
}

static sum_function *const kernels[MD5_KERNELS] = {sum_portable, sum_avx2, sum_avx512};

bool md5_supported(enum md5_kernel kernel)
{
    if (kernel == MD5_AVX512)
        return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
    return kernel == MD5_PORTABLE || __builtin_cpu_supports("avx2");
}
#else
static sum_function *const kernels[MD5_KERNELS] = {sum_portable};

bool md5_supported(enum md5_kernel kernel)
{
    return kernel == MD5_PORTABLE;
}
#endif

void md5_many_by(enum md5_kernel kernel, const struct str *messages, uint32_t n, uint8_t (*out)[MD5_BYTES])
{
    struct lane list[LANES];
    uint8_t sums[LANES][MD5_BYTES];
    for (uint32_t first = 0; first < n; first += LANES) {
        uint32_t count = n - first < LANES ? n - first : LANES;
        for (uint32_t l = 0; l < LANES; l++)
            lane_open(&list[l], l < count ? messages[first + l] : STR(""));
        kernels[kernel](list, sums);
        memcpy(out[first], sums, count * sizeof *sums);
    }
}

void md5_many(const struct str *messages, uint32_t n, uint8_t (*out)[MD5_BYTES])
{
    int kernel = MD5_KERNELS - 1;
    while (!md5_supported((enum md5_kernel)kernel))
        kernel--;
    md5_many_by((enum md5_kernel)kernel, messages, n, out);
}
