/* Sums over neighbours of harmonics x radial function x features, and their first and second derivatives.

   T[i][lm][a][c] = sum over edges e into i of Y[e][lm] R[e][l][c] h[source(e)][a][c]

   Edges are sorted by the atom that receives; first[i] is the first edge of atom i. All that one edge needs
   stays in the first cache. */

#include <stdint.h>
#include <string.h>

typedef struct {
    int64_t atoms, lmax, components, channels;
    const int64_t *first, *source;
    const REAL *harmonics, *radial, *features;
} graph;

#define LOOP for (int64_t c = 0; c < channels; c++)
#define EACH_EDGE                                                                                      \
    const int64_t degrees = g->lmax + 1, size = degrees * degrees, block = g->components * channels;   \
    for (int64_t i = 0; i < g->atoms; i++)                                                             \
        for (int64_t e = g->first[i]; e < g->first[i + 1]; e++)
#define OF_EDGE                                                                                        \
    const int64_t j = g->source[e];                                                                    \
    const REAL *Y = g->harmonics + e * size, *R = g->radial + e * degrees * channels;                  \
    const REAL *h = g->features + j * block;

/* `channels` is a constant wherever this is called with one: the inner loops then become vectors */
static inline __attribute__((always_inline)) void sums(const graph *g, REAL *restrict T, const int64_t channels) {
    EACH_EDGE {
        OF_EDGE
        for (int64_t l = 0, lm = 0; l < degrees; l++) {
            const REAL *r = R + l * channels;
            for (; lm < (l + 1) * (l + 1); lm++) {
                REAL *restrict t = T + (i * size + lm) * block;
                const REAL y = Y[lm];
                for (int64_t a = 0; a < g->components; a++) LOOP t[a * channels + c] += y * r[c] * h[a * channels + c];
            }
        }
    }
}

/* G is the derivative by T; dh must be zero before */
static inline __attribute__((always_inline)) void first_order(const graph *g, const REAL *restrict G, REAL *restrict dY,
                                                              REAL *restrict dR, REAL *restrict dh,
                                                              const int64_t channels) {
    EACH_EDGE {
        OF_EDGE
        REAL *restrict to_h = dh + j * block, *restrict to_Y = dY + e * size;
        for (int64_t l = 0; l < degrees; l++) {
            const REAL *r = R + l * channels;
            REAL *restrict to_R = dR + (e * degrees + l) * channels;
            LOOP to_R[c] = 0;
            for (int64_t lm = l * l; lm < (l + 1) * (l + 1); lm++) to_Y[lm] = 0;
            for (int64_t a = 0; a < g->components; a++) {
                const REAL *ha = h + a * channels;
                REAL product[channels], projected[channels];
                LOOP product[c] = r[c] * ha[c], projected[c] = 0;
                for (int64_t lm = l * l; lm < (l + 1) * (l + 1); lm++) {
                    const REAL *restrict d = G + (i * size + lm) * block + a * channels;
                    REAL total = 0;
                    LOOP projected[c] += Y[lm] * d[c], total += d[c] * product[c];
                    to_Y[lm] += total;
                }
                LOOP to_R[c] += projected[c] * ha[c], to_h[a * channels + c] += projected[c] * r[c];
            }
        }
    }
}

/* Derivatives of <dY, y> + <dR, r> + <dh, h'> by G, Y, R and h; tG and th must be zero before */
static inline __attribute__((always_inline)) void second_order(const graph *g, const REAL *restrict G,
                                                               const REAL *restrict y, const REAL *restrict r,
                                                               const REAL *restrict h1, REAL *restrict tG,
                                                               REAL *restrict tY, REAL *restrict tR, REAL *restrict th,
                                                               const int64_t channels) {
    EACH_EDGE {
        OF_EDGE
        const REAL *ye = y + e * size, *hj = h1 + j * block;
        REAL *restrict to_h = th + j * block, *restrict to_Y = tY + e * size;
        for (int64_t l = 0; l < degrees; l++) {
            const REAL *Rl = R + l * channels, *rl = r + (e * degrees + l) * channels;
            REAL *restrict to_R = tR + (e * degrees + l) * channels;
            LOOP to_R[c] = 0;
            for (int64_t lm = l * l; lm < (l + 1) * (l + 1); lm++) to_Y[lm] = 0;
            for (int64_t a = 0; a < g->components; a++) {
                const REAL *ha = h + a * channels, *h1a = hj + a * channels;
                REAL product[channels], changed[channels], projected[channels], turned[channels];
                LOOP product[c] = Rl[c] * ha[c], changed[c] = rl[c] * ha[c] + Rl[c] * h1a[c];
                LOOP projected[c] = 0, turned[c] = 0;
                for (int64_t lm = l * l; lm < (l + 1) * (l + 1); lm++) {
                    const int64_t place = (i * size + lm) * block + a * channels;
                    const REAL *restrict d = G + place;
                    REAL *restrict t = tG + place;
                    REAL total = 0;
                    LOOP {
                        t[c] += ye[lm] * product[c] + Y[lm] * changed[c];
                        total += d[c] * changed[c];
                        projected[c] += Y[lm] * d[c];
                        turned[c] += ye[lm] * d[c];
                    }
                    to_Y[lm] += total;
                }
                LOOP to_R[c] += turned[c] * ha[c] + projected[c] * h1a[c];
                LOOP to_h[a * channels + c] += turned[c] * Rl[c] + projected[c] * rl[c];
            }
        }
    }
}

#define BY_WIDTH(call)                          \
    switch (g->channels) {                      \
    case 16: { const int64_t n = 16; call; break; } \
    case 32: { const int64_t n = 32; call; break; } \
    case 64: { const int64_t n = 64; call; break; } \
    default: { const int64_t n = g->channels; call; } \
    }

void density_sums(const graph *g, REAL *T) { BY_WIDTH(sums(g, T, n)) }

void density_first(const graph *g, const REAL *G, REAL *dY, REAL *dR, REAL *dh) {
    BY_WIDTH(first_order(g, G, dY, dR, dh, n))
}

void density_second(const graph *g, const REAL *G, const REAL *y, const REAL *r, const REAL *h, REAL *tG, REAL *tY,
                    REAL *tR, REAL *th) {
    BY_WIDTH(second_order(g, G, y, r, h, tG, tY, tR, th, n))
}
