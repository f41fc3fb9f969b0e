"""Workers: make the clips of a plan in other processes, here or on a cluster."""
