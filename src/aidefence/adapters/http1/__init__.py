"""HTTP/1.1 for those who ask much and often: connections that are kept, and little else."""
