//! Rules that matter are tests: who may import whom, what pure modules may not touch, how long things may be.
