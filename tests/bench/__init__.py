"""Benchmarks: real servers, real rooms, figures as a caller meets them."""
