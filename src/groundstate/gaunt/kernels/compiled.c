/* Products of signals on the sphere, LANES columns (rows of the batch x channels) at a time: from a list of terms
   g x[i] y[j], or on the points of a grid that three reflections leave as it is. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define LANES 64
#define WIDTH ((int)(LANES * sizeof(REAL) / 64)) /* vectors of a component */
#define STRIP 2                                  /* vectors worked on together */

typedef REAL vector __attribute__((vector_size(64)));

/* Component k of channel c in row r is data[r * row + offset[k] + c * stride[k]]; a stride of 0 is one channel
   shared by all, summed over where it is a result. */
typedef struct {
    REAL *data;
    const int64_t *offset, *stride;
    int64_t size, row;
} operand;

static void load(const operand *from, int64_t row, int64_t rows, int64_t channel, int64_t channels, REAL *tile) {
    for (int64_t k = 0; k < from->size; k++) {
        const int64_t stride = from->stride[k];
        for (int64_t r = 0; r < rows; r++) {
            const REAL *source = from->data + (row + r) * from->row + from->offset[k] + channel * stride;
            REAL *target = tile + k * LANES + r * channels;
            if (stride == 1)
                memcpy(target, source, channels * sizeof(REAL));
            else
                for (int64_t c = 0; c < channels; c++) target[c] = source[c * stride];
        }
    }
}

static void store(const operand *to, int64_t row, int64_t rows, int64_t channel, int64_t channels, const REAL *tile) {
    for (int64_t k = 0; k < to->size; k++) {
        const int64_t stride = to->stride[k];
        for (int64_t r = 0; r < rows; r++) {
            const REAL *source = tile + k * LANES + r * channels;
            REAL *target = to->data + (row + r) * to->row + to->offset[k] + channel * stride;
            if (stride == 1)
                memcpy(target, source, channels * sizeof(REAL));
            else if (stride == 0)
                for (int64_t c = 0; c < channels; c++) *target += source[c];
            else
                for (int64_t c = 0; c < channels; c++) target[c * stride] = source[c];
        }
    }
}

/* z[k] += g x[i] y[j]. pairs: i, j and the number of terms of every pair; targets and factors: k and g of every
   term. */
static void add_terms(const vector *restrict x, const vector *restrict y, vector *restrict z, const int32_t *pairs,
                      int64_t count, const int32_t *targets, const REAL *factors) {
    for (int64_t p = 0; p < count; p++) {
        const vector *a = x + pairs[3 * p] * WIDTH, *b = y + pairs[3 * p + 1] * WIDTH;
        vector product[WIDTH];
        for (int v = 0; v < WIDTH; v++) product[v] = a[v] * b[v];
        for (int32_t t = 0; t < pairs[3 * p + 2]; t++, targets++, factors++) {
            vector *sum = z + *targets * WIDTH;
            for (int v = 0; v < WIDTH; v++) sum[v] += *factors * product[v];
        }
    }
}

/* Sums and differences over three reflections: parts of the eight symmetries <-> values at the eight images. */
static inline void reflect(vector f[8][STRIP]) {
#pragma GCC unroll 3
    for (int bit = 1; bit < 8; bit *= 2)
#pragma GCC unroll 8
        for (int c = 0; c < 8; c++)
            if (!(c & bit))
                for (int v = 0; v < STRIP; v++) {
                    const vector even = f[c][v], odd = f[c | bit][v];
                    f[c][v] = even + odd;
                    f[c | bit][v] = even - odd;
                }
}

/* Values at a point and its images, from components sorted by symmetry; ends: where the next begins. */
static inline void evaluate(const vector *x, const REAL *harmonics, const int32_t *ends, vector f[8][STRIP]) {
    for (int32_t c = 0, k = 0; c < 8; c++) {
        vector sum[STRIP] = {0};
        for (; k < ends[c]; k++)
            for (int v = 0; v < STRIP; v++) sum[v] += harmonics[k] * x[k * WIDTH + v];
        for (int v = 0; v < STRIP; v++) f[c][v] = sum[v];
    }
    reflect(f);
}

/* z += the product on the points of one octant and their images. ends: 8 numbers for x, y and z; harmonics: for
   every point those of x, of y and of z, the last with the weight. */
static void add_points(const vector *restrict x, const vector *restrict y, vector *restrict z, const int32_t *ends,
                       int64_t count, const REAL *harmonics) {
    const REAL *last = harmonics + count * (ends[7] + ends[15] + ends[23]);
    for (int strip = 0; strip < WIDTH; strip += STRIP) {
        for (const REAL *at = harmonics; at < last;) {
            vector f[8][STRIP], g[8][STRIP];
            evaluate(x + strip, at, ends, f);
            at += ends[7];
            evaluate(y + strip, at, ends + 8, g);
            at += ends[15];
            for (int c = 0; c < 8; c++)
                for (int v = 0; v < STRIP; v++) f[c][v] *= g[c][v];
            reflect(f);
            for (int32_t c = 0, k = 0; c < 8; c++)
                for (; k < ends[16 + c]; k++)
                    for (int v = 0; v < STRIP; v++) z[k * WIDTH + strip + v] += at[k] * f[c][v];
            at += ends[23];
        }
    }
}

/* Tiles first..last-1 of the batch, by terms where there are targets, else by points. Returns 0, or 1 without
   memory. */
int contract(const operand *x, const operand *y, const operand *z, const int32_t *pairs_or_ends, int64_t count,
             const int32_t *targets, const REAL *factors, int64_t batch, int64_t channels, int64_t first, int64_t last) {
    const int64_t chunks = (channels + LANES - 1) / LANES, height = channels < LANES ? LANES / channels : 1;
    const int64_t bytes = (x->size + y->size + z->size) * LANES * sizeof(REAL);
    vector *xs = aligned_alloc(64, bytes), *ys = xs + x->size * WIDTH, *zs = ys + y->size * WIDTH;
    if (!xs) return 1;
    memset(xs, 0, bytes);
    for (int64_t tile = first; tile < last; tile++) {
        const int64_t row = tile / chunks * height, channel = tile % chunks * LANES;
        const int64_t rows = batch - row < height ? batch - row : height;
        const int64_t lanes = channels - channel < LANES ? channels - channel : LANES;
        load(x, row, rows, channel, lanes, (REAL *)xs);
        load(y, row, rows, channel, lanes, (REAL *)ys);
        memset(zs, 0, z->size * LANES * sizeof(REAL));
        if (targets)
            add_terms(xs, ys, zs, pairs_or_ends, count, targets, factors);
        else
            add_points(xs, ys, zs, pairs_or_ends, count, factors);
        store(z, row, rows, channel, lanes, (const REAL *)zs);
    }
    free(xs);
    return 0;
}
