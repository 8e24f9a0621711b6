"""All pairs under a Euclidean distance by what else there is; `make bench-kernel` runs it.

    link_peers.py FILE DIMENSION CUTOFF THREADS

FILE holds vectors, row-major in 32-bit floats. A line for each peer: its name, the seconds of its best run, the pairs
that it found.

- faiss: `IndexFlatL2.range_search`, exact but for its 32-bit arithmetic.
- scikit-learn: `NearestNeighbors.radius_neighbors_graph`, brute force, in doubles.
- numpy: tiles of the upper triangle by 32-bit matrix products, one thread of BLAS in each of THREADS threads; what may
  be near is measured in doubles. The size of the tiles is the fastest of some.
"""

import concurrent.futures
import itertools
import sys
import time

import faiss
import numpy
import sklearn.neighbors
import threadpoolctl

# The best of so many runs, or of fewer if they take longer than these seconds together.
RUNS, SECONDS = 3, 60
BLOCKS = (256, 512, 1024, 2048)
# Rows that the size of the tiles is chosen by.
TRIAL = 8192


def with_faiss(vectors, cutoff, threads):
    faiss.omp_set_num_threads(threads)
    index = faiss.IndexFlatL2(vectors.shape[1])
    index.add(vectors)
    limits, _, _ = index.range_search(vectors, cutoff * cutoff)
    # Each pair both ways, and each vector itself.
    return (int(limits[-1]) - len(vectors)) // 2


def with_sklearn(vectors, cutoff, threads):
    near = sklearn.neighbors.NearestNeighbors(radius=cutoff, algorithm="brute", n_jobs=threads)
    # Each pair both ways.
    return near.fit(vectors.astype(numpy.float64)).radius_neighbors_graph(mode="distance").nnz // 2


def with_numpy(vectors, cutoff, threads, block):
    exact = vectors.astype(numpy.float64)
    rows = (exact - exact.mean(axis=0)).astype(numpy.float32)
    half = (rows * rows).sum(axis=1) / 2
    ones = numpy.ones_like(half)
    # With two more columns the product is -d²/2.
    left = numpy.column_stack((rows, half, ones))
    right = numpy.ascontiguousarray(numpy.column_stack((rows, -ones, -half)))
    # More than 32 bits can be wrong.
    margin = vectors.shape[1] * 2.0**-22 * float(half.max())
    least = numpy.float32(-cutoff * cutoff / 2 - margin)
    starts = range(0, len(rows), block)

    def tile(pair):
        i, j = pair
        products = left[i : i + block] @ right[j : j + block].T
        near = numpy.flatnonzero(products > least)
        a, b = numpy.divmod(near, products.shape[1])
        a, b = a + i, b + j
        if i == j:
            once = a < b
            a, b = a[once], b[once]
        distances = numpy.sqrt(((exact[a] - exact[b]) ** 2).sum(axis=1))
        return int((distances < cutoff).sum())

    with threadpoolctl.threadpool_limits(1), concurrent.futures.ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(tile, ((i, j) for i, j in itertools.product(starts, starts) if i <= j)))


def best(peer, *arguments):
    """Seconds of the best run, and the pairs."""
    times = []
    while len(times) < RUNS and sum(times) < SECONDS:
        began = time.perf_counter()
        pairs = peer(*arguments)
        times.append(time.perf_counter() - began)
    return min(times), pairs


def main():
    file, dimension, cutoff, threads = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
    vectors = numpy.fromfile(file, dtype="<f4").reshape(-1, dimension)
    block = min(BLOCKS, key=lambda block: best(with_numpy, vectors[:TRIAL], cutoff, threads, block)[0])
    for name, peer, more in (
        ("faiss", with_faiss, ()),
        ("scikit-learn", with_sklearn, ()),
        ("numpy", with_numpy, (block,)),
    ):
        seconds, pairs = best(peer, vectors, cutoff, threads, *more)
        print(name, seconds, pairs, flush=True)


if __name__ == "__main__":
    main()
