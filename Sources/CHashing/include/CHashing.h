#ifndef HOLDFAST_CHASHING_H
#define HOLDFAST_CHASHING_H

#include <stddef.h>
#include <stdint.h>

#define HOLDFAST_SHA256_LANES 16

/// SHA-256 of sixteen streams of one length, in the lanes of AVX-512.
struct holdfast_sha256_lanes {
    uint32_t state[8][HOLDFAST_SHA256_LANES];
};

/// Whether this processor has what the functions below need; without it they must not be called.
int holdfast_sha256_lanes_work(void);

void holdfast_sha256_begin(struct holdfast_sha256_lanes *lanes);

/// Adds `blocks` blocks of 64 bytes to each stream; that of the first begins at `data`, each other one `stride` bytes further.
void holdfast_sha256_update(struct holdfast_sha256_lanes *lanes, const uint8_t *data, size_t stride, size_t blocks);

/// Writes the digests of streams that had so many blocks in all, one behind the other, 32 bytes each.
void holdfast_sha256_end(struct holdfast_sha256_lanes *lanes, uint64_t blocks, uint8_t *digests);

#endif
