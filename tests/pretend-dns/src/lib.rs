//! Takes the place of the system's `getaddrinfo` in a program that is started with this library in `LD_PRELOAD`: every
//! name below `rebound.example` is 127.0.0.1, as an attacker's own DNS server would say.

#![cfg(target_os = "linux")]
#![expect(unsafe_code, reason = "it stands in for a function of the C library")]

use std::ffi::{CStr, c_char, c_int};

use libc::addrinfo;

type GetAddrInfo = unsafe extern "C" fn(
    *const c_char,
    *const c_char,
    *const addrinfo,
    *mut *mut addrinfo,
) -> c_int;

/// Looks a name up.
///
/// # Safety
///
/// As `getaddrinfo` of the C library.
// SAFETY (no_mangle): the name is the point. Its type is that of the function whose place it takes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn getaddrinfo(
    name: *const c_char,
    service: *const c_char,
    hints: *const addrinfo,
    found: *mut *mut addrinfo,
) -> c_int {
    // SAFETY: the caller promises a text that ends in NUL, or none.
    let is_ours = !name.is_null()
        && unsafe { CStr::from_ptr(name) }
            .to_bytes()
            .ends_with(b".rebound.example");
    let name = if is_ours { c"127.0.0.1".as_ptr() } else { name };
    // SAFETY: the name is a text that ends in NUL.
    let next = unsafe { libc::dlsym(libc::RTLD_NEXT, c"getaddrinfo".as_ptr()) };
    if next.is_null() {
        return libc::EAI_SYSTEM;
    }
    // SAFETY: what the C library calls so has this type.
    let next = unsafe { std::mem::transmute::<*mut libc::c_void, GetAddrInfo>(next) };
    // SAFETY: as the caller promises; the name that we put in ends in NUL.
    unsafe { next(name, service, hints, found) }
}
