//! The source of `acme.dll` and `libacme.dylib`: what the loader reads of a connector for another platform.
//!
//! It needs no library of the other platform, so both files can be made on Linux. `LLD` is the folder `gcc-ld` of
//! the toolchain (`rustc --print sysroot`, `lib/rustlib/x86_64-unknown-linux-gnu/bin`); `ws2_32.def` has the lines
//! `LIBRARY ws2_32.dll`, `EXPORTS`, `connect`:
//!
//! ```sh
//! flags='+nightly --crate-type lib --emit obj -C panic=abort -C opt-level=1 acme.rs'
//! rustc $flags --target x86_64-pc-windows-msvc -o acme.obj
//! $LLD/lld-link /lib /def:ws2_32.def /machine:x64 /out:ws2_32.lib
//! $LLD/lld-link /dll /noentry /nodefaultlib /brepro /export:call /export:SWITCHBOARD_CONNECTOR_METADATA,DATA \
//!     /export:_1as_0lib_1header_0root_bmodule_bloader,DATA acme.obj ws2_32.lib /out:acme.dll
//! rustc $flags --target x86_64-apple-darwin -o acme.o
//! $LLD/ld64.lld -dylib -arch x86_64 -platform_version macos 11.0 11.0 -undefined dynamic_lookup \
//!     -install_name libacme.dylib acme.o -o libacme.dylib
//! ```

#![feature(no_core, lang_items)]
#![no_core]
#![allow(internal_features)]

#[lang = "pointee_sized"]
trait PointeeSized {}
#[lang = "meta_sized"]
trait MetaSized: PointeeSized {}
#[lang = "sized"]
trait Sized: MetaSized {}
#[lang = "sync"]
trait Sync {}
#[lang = "copy"]
trait Copy {}
impl Copy for u8 {}
impl<T: Copy, const N: usize> Copy for [T; N] {}
impl<T: Sync, const N: usize> Sync for [T; N] {}
impl Sync for u8 {}
#[lang = "drop_glue"]
fn drop_glue<T: PointeeSized>(_: *mut T) {}

unsafe extern "C" {
    fn connect() -> u8;
}

#[unsafe(no_mangle)]
pub extern "C" fn call() -> u8 {
    unsafe { connect() }
}

#[unsafe(no_mangle)]
#[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__swbmeta"))]
#[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = ".swbmeta"))]
pub static SWITCHBOARD_CONNECTOR_METADATA: [u8; 90] =
    *b"SWBMETA1\x4e\0\0\0{\"name\":\"acme\",\"version\":\"1.2.0\",\"abi\":\"1.0.0\",\"operations\":[\"createCallLog\"]}";

#[unsafe(no_mangle)]
pub static _1as_0lib_1header_0root_bmodule_bloader: [u8; 40] =
    *b"abi stable library for Rust     \0\0\0\0\x0b\0\0\0";
