/* Products z[k] += g x[i] y[j] over a list of terms, LANES columns (rows of the batch x channels) at a time. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define LANES 64
#define WIDTH ((int)(LANES * sizeof(REAL) / 64))

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

/* pairs: i, j and the number of terms of every pair; targets and factors: k and g of every term.
   Tiles first..last-1 of the batch. Returns 0, or 1 without memory. */
int contract(const operand *x, const operand *y, const operand *z, const int32_t *pairs, int64_t count,
             const int32_t *targets, const REAL *factors, int64_t batch, int64_t channels, int64_t first, int64_t last) {
    const int64_t chunks = (channels + LANES - 1) / LANES, height = channels < LANES ? LANES / channels : 1;
    const int64_t sizes = (x->size + y->size + z->size) * LANES * sizeof(REAL);
    vector *memory = aligned_alloc(64, sizes);
    if (!memory) return 1;
    memset(memory, 0, sizes);
    vector *restrict xs = memory, *restrict ys = xs + x->size * WIDTH, *restrict zs = ys + y->size * WIDTH;
    for (int64_t tile = first; tile < last; tile++) {
        const int64_t row = tile / chunks * height, channel = tile % chunks * LANES;
        const int64_t rows = batch - row < height ? batch - row : height;
        const int64_t lanes = channels - channel < LANES ? channels - channel : LANES;
        load(x, row, rows, channel, lanes, (REAL *)xs);
        load(y, row, rows, channel, lanes, (REAL *)ys);
        memset(zs, 0, z->size * LANES * sizeof(REAL));
        const int32_t *k = targets;
        const REAL *g = factors;
        for (int64_t p = 0; p < count; p++) {
            const vector *a = xs + pairs[3 * p] * WIDTH, *b = ys + pairs[3 * p + 1] * WIDTH;
            vector product[WIDTH];
            for (int v = 0; v < WIDTH; v++) product[v] = a[v] * b[v];
            for (int32_t t = 0; t < pairs[3 * p + 2]; t++, k++, g++) {
                vector *sum = zs + *k * WIDTH;
                for (int v = 0; v < WIDTH; v++) sum[v] += *g * product[v];
            }
        }
        store(z, row, rows, channel, lanes, (const REAL *)zs);
    }
    free(memory);
    return 0;
}
