#!/usr/bin/env python3
"""Generate a vertically split binary-classification data set.

One population, two institutions: guest.csv has the ids, the label y and some
columns, host.csv has the ids and other columns of the same rows, each file in
an order of its own. The same arguments give the same bytes everywhere: the
random numbers are splitmix64's, not the interpreter's.

How a row comes about: five hidden factors, standard normal; every column is a
fixed mix of two factors plus noise; the label is drawn from the logistic
function of a fixed mix of the factors. Columns are standardised and rounded to
six decimals. No real person's data is in it.
"""
import argparse
import math
import os

FACTORS = 5


class Random:
    """splitmix64 (Steele, Lea, Flood 2014), and what is drawn from it."""

    def __init__(self, seed):
        self.state = seed

    def bits(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & (2**64 - 1)
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & (2**64 - 1)
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & (2**64 - 1)
        return z ^ (z >> 31)

    def uniform(self):
        return (self.bits() >> 11) / 2**53

    def normal(self):
        # Irwin-Hall: exact in every libm, unlike Box and Muller's log and cos.
        return sum(self.uniform() for _ in range(12)) - 6.0

    def shuffled(self, n):
        order = list(range(n))
        for i in range(n - 1, 0, -1):
            j = self.bits() % (i + 1)
            order[i], order[j] = order[j], order[i]
        return order


def mixes(random, columns):
    """Per column: two factors, their weights, and the weight of noise."""
    result = []
    for _ in range(columns):
        first = random.bits() % FACTORS
        second = (first + 1 + random.bits() % (FACTORS - 1)) % FACTORS
        result.append((first, random.uniform() * 2 - 1, second,
                       random.uniform() - 0.5, 0.3 + random.uniform() * 0.5))
    return result


def logistic(x):
    """1/(1+e^-x) from additions and one division, alike on every machine."""
    negative, x = x < 0, min(abs(x), 30.0)
    term, total = 1.0, 1.0
    for k in range(1, 120):
        term *= x / k
        total += term
    return 1 / (1 + total) if negative else total / (1 + total)


def draw(random, rows, columns, separation):
    columns = mixes(random, columns)
    label_mix = [random.uniform() * 2 - 1 for _ in range(FACTORS)]
    table, labels = [], []
    for _ in range(rows):
        z = [random.normal() for _ in range(FACTORS)]
        score = separation * sum(w * f for w, f in zip(label_mix, z))
        labels.append(1 if random.uniform() < logistic(score) else 0)
        table.append([a * z[i] + b * z[j] + n * random.normal()
                      for i, a, j, b, n in columns])
    return table, labels


def standardise(table):
    n = len(table)
    for c in range(len(table[0]) if table else 0):
        mean = math.fsum(row[c] for row in table) / n
        spread = math.sqrt(math.fsum((row[c] - mean) ** 2 for row in table) / n)
        for row in table:
            row[c] = (row[c] - mean) / (spread or 1.0)


def write(path, header, rows):
    with open(path, "w", encoding="ascii", newline="\n") as out:
        out.write(",".join(header) + "\n")
        for row in rows:
            out.write(",".join(row) + "\n")


def text(value):
    return f"{value:.6f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    here = os.path.dirname(os.path.abspath(__file__))
    parser.add_argument("--rows", type=int, default=569)
    parser.add_argument("--guest-columns", type=int, default=10)
    parser.add_argument("--host-columns", type=int, default=20)
    parser.add_argument("--separation", type=float, default=5.0,
                        help="how far the classes lie apart")
    parser.add_argument("--seed", type=int, default=20261123)
    parser.add_argument("--out", default=os.path.join(here, "data"))
    args = parser.parse_args()
    if min(args.rows, args.guest_columns, args.host_columns) < 1:
        parser.error("rows and columns must be at least 1")

    random = Random(args.seed)
    split = args.guest_columns
    table, labels = draw(random, args.rows, split + args.host_columns,
                         args.separation)
    standardise(table)
    os.makedirs(args.out, exist_ok=True)
    write(os.path.join(args.out, "guest.csv"),
          ["id", "y"] + [f"x{i}" for i in range(split)],
          ([str(i), str(labels[i])] + [text(v) for v in table[i][:split]]
           for i in random.shuffled(args.rows)))
    write(os.path.join(args.out, "host.csv"),
          ["id"] + [f"x{i}" for i in range(args.host_columns)],
          ([str(i)] + [text(v) for v in table[i][split:]]
           for i in random.shuffled(args.rows)))


if __name__ == "__main__":
    main()
