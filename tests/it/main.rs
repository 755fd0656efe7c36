//! The one integration binary: how the whole behaves, seen from outside.

mod sim;
mod support;
mod tidy;
