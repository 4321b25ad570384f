//! x
pub mod address;
