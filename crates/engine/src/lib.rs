//! The use cases of testmonx.
pub mod observer;
