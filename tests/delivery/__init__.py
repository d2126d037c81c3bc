"""The failure matrix of delivery: sink x fault x lost x doubled x repeats, on real workers and real receivers."""
