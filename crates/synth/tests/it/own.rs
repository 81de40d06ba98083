//! Queries written for these tests.
