#include "CHashing.h"
#include <string.h>

// FIPS 180-4, section 6.2, with one stream in each lane of a register: a round of sixteen streams costs what one costs.

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>

#define LANES HOLDFAST_SHA256_LANES
#define TARGET __attribute__((target("avx512f,avx512bw")))

static const uint32_t constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static const uint32_t initial[8] = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

int holdfast_sha256_lanes_work(void) {
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE)) return 0;
    // The kernel keeps the registers: XMM, YMM, and the three parts of AVX-512.
    unsigned low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    if ((low & 0xe6) != 0xe6) return 0;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_AVX512F) && (b & bit_AVX512BW);
}

void holdfast_sha256_begin(struct holdfast_sha256_lanes *lanes) {
    for (int word = 0; word < 8; word++)
        for (int lane = 0; lane < LANES; lane++) lanes->state[word][lane] = initial[word];
}

/// Row i of the result has word i of every lane: a transposition of 16 × 16 words.
TARGET static inline void transpose(__m512i rows[16]) {
    __m512i t[16], u[16];
    for (int i = 0; i < 16; i += 2) {
        t[i] = _mm512_unpacklo_epi32(rows[i], rows[i + 1]);
        t[i + 1] = _mm512_unpackhi_epi32(rows[i], rows[i + 1]);
    }
    for (int i = 0; i < 16; i += 4) {
        u[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
        u[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
        u[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
        u[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
    }
    for (int i = 0; i < 4; i++) {
        t[i] = _mm512_shuffle_i32x4(u[i], u[i + 4], 0x88);
        t[i + 4] = _mm512_shuffle_i32x4(u[i], u[i + 4], 0xdd);
        t[i + 8] = _mm512_shuffle_i32x4(u[i + 8], u[i + 12], 0x88);
        t[i + 12] = _mm512_shuffle_i32x4(u[i + 8], u[i + 12], 0xdd);
    }
    for (int i = 0; i < 8; i++) {
        rows[i] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0x88);
        rows[i + 8] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0xdd);
    }
}

#define ROTATED(x, a, b, c) _mm512_ternarylogic_epi32(_mm512_ror_epi32(x, a), _mm512_ror_epi32(x, b), c, 0x96)

TARGET void holdfast_sha256_update(
    struct holdfast_sha256_lanes *lanes, const uint8_t *data, size_t stride, size_t blocks) {
    const __m512i swap = _mm512_broadcast_i32x4(_mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL));
    __m512i s[8];
    for (int i = 0; i < 8; i++) s[i] = _mm512_loadu_si512(lanes->state[i]);
    for (size_t block = 0; block < blocks; block++) {
        __m512i w[16];
        for (int lane = 0; lane < LANES; lane++)
            w[lane] = _mm512_shuffle_epi8(_mm512_loadu_si512(data + (size_t)lane * stride + block * 64), swap);
        transpose(w);
        __m512i a = s[0], b = s[1], c = s[2], d = s[3], e = s[4], f = s[5], g = s[6], h = s[7];
#pragma GCC unroll 64
        for (int round = 0; round < 64; round++) {
            if (round >= 16) {
                __m512i x = w[(round + 1) & 15], y = w[(round + 14) & 15];
                __m512i s0 = ROTATED(x, 7, 18, _mm512_srli_epi32(x, 3));
                __m512i s1 = ROTATED(y, 17, 19, _mm512_srli_epi32(y, 10));
                w[round & 15] = _mm512_add_epi32(
                    _mm512_add_epi32(w[round & 15], w[(round + 9) & 15]), _mm512_add_epi32(s0, s1));
            }
            __m512i sum1 = ROTATED(e, 6, 11, _mm512_ror_epi32(e, 25));
            __m512i sum0 = ROTATED(a, 2, 13, _mm512_ror_epi32(a, 22));
            __m512i chosen = _mm512_ternarylogic_epi32(e, f, g, 0xca);
            __m512i majority = _mm512_ternarylogic_epi32(a, b, c, 0xe8);
            __m512i t = _mm512_add_epi32(w[round & 15], _mm512_set1_epi32((int)constants[round]));
            t = _mm512_add_epi32(_mm512_add_epi32(h, t), _mm512_add_epi32(sum1, chosen));
            h = g;
            g = f;
            f = e;
            e = _mm512_add_epi32(d, t);
            d = c;
            c = b;
            b = a;
            a = _mm512_add_epi32(t, _mm512_add_epi32(sum0, majority));
        }
        s[0] = _mm512_add_epi32(s[0], a);
        s[1] = _mm512_add_epi32(s[1], b);
        s[2] = _mm512_add_epi32(s[2], c);
        s[3] = _mm512_add_epi32(s[3], d);
        s[4] = _mm512_add_epi32(s[4], e);
        s[5] = _mm512_add_epi32(s[5], f);
        s[6] = _mm512_add_epi32(s[6], g);
        s[7] = _mm512_add_epi32(s[7], h);
    }
    for (int i = 0; i < 8; i++) _mm512_storeu_si512(lanes->state[i], s[i]);
}

void holdfast_sha256_end(struct holdfast_sha256_lanes *lanes, uint64_t blocks, uint8_t *digests) {
    uint8_t padding[64] = {0x80};
    uint64_t bits = __builtin_bswap64(blocks * 512);
    memcpy(padding + 56, &bits, sizeof bits);
    holdfast_sha256_update(lanes, padding, 0, 1);
    for (int lane = 0; lane < LANES; lane++)
        for (int word = 0; word < 8; word++) {
            uint32_t value = __builtin_bswap32(lanes->state[word][lane]);
            memcpy(digests + 32 * lane + 4 * word, &value, sizeof value);
        }
}

#else

int holdfast_sha256_lanes_work(void) { return 0; }
void holdfast_sha256_begin(struct holdfast_sha256_lanes *lanes) { (void)lanes; }
void holdfast_sha256_update(struct holdfast_sha256_lanes *lanes, const uint8_t *data, size_t stride, size_t blocks) {
    (void)lanes, (void)data, (void)stride, (void)blocks;
}
void holdfast_sha256_end(struct holdfast_sha256_lanes *lanes, uint64_t blocks, uint8_t *digests) {
    (void)lanes, (void)blocks, (void)digests;
}

#endif
