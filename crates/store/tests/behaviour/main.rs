//! The store from outside: what is kept, what is refused, what survives.

#![expect(clippy::unwrap_used, reason = "what fails fails the test, also in what tests share")]

mod keeping;
mod round_trip;
mod support;
mod tables;
mod together;
mod trouble;
mod unusable;
