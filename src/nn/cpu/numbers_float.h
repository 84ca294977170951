/* What maps, rows and panels hold at every level's first table: floats. */
typedef float number;

static inline vec number_load(const number *p)
{
    return vec_load(p);
}

static inline void number_store(number *p, vec a)
{
    vec_store(p, a);
}
