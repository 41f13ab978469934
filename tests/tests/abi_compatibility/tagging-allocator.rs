//! An allocator that puts a tag in front of every block and ends the process if it is to free one without: memory that
//! crosses a boundary and is freed on the wrong side does not go unnoticed.

use std::alloc::{GlobalAlloc, Layout, System};

/// Allocates through the system, with a tag in front.
pub struct Tagging;

const TAG: u64 = 0x5357_4244_5441_4721;
const TAG_SIZE: usize = 16;

fn with_tag(layout: Layout) -> Option<(Layout, usize)> {
    let offset = layout.align().max(TAG_SIZE);
    let size = layout.size().checked_add(offset)?;
    let outer = Layout::from_size_align(size, offset).ok()?;
    Some((outer, offset))
}

// SAFETY: a block of the system's that is larger by `offset`, a multiple of the asked alignment, contains the block that
// is handed out; it is freed with the layout that it was made with.
unsafe impl GlobalAlloc for Tagging {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let Some((outer, offset)) = with_tag(layout) else {
            return std::ptr::null_mut();
        };
        // SAFETY: the size is at least `TAG_SIZE`; the tag's place is aligned and lies within the block.
        unsafe {
            let block = System.alloc(outer);
            if block.is_null() {
                return block;
            }
            block.add(offset - 8).cast::<u64>().write(TAG);
            block.add(offset)
        }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        let Some((outer, offset)) = with_tag(layout) else {
            std::process::abort();
        };
        // SAFETY: a block of ours has its tag there, and begins `offset` bytes before what was handed out.
        unsafe {
            let tag = pointer.sub(8).cast::<u64>();
            if tag.read() != TAG {
                std::process::abort();
            }
            tag.write(0);
            System.dealloc(pointer.sub(offset), outer);
        }
    }
}
