//! The host.

#[allow(dead_code, unreachable_pub, unused_imports)]
mod egress;
#[allow(dead_code, unreachable_pub, unused_imports)]
mod loader;
#[allow(dead_code, unreachable_pub, unused_imports)]
mod manifest;
